"""What became of one file, as the work list keeps it until the manifest does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from topmast_service.domain import access
from topmast_service.domain.manifest import FAILED, OK, WITHHELD
from topmast_service.domain.redaction import redacted
from topmast_service.errors import (
    MissingOnServer,
    NotAuthorized,
    TopmastError,
    TransferFailed,
    UpstreamDown,
    UpstreamError,
)
from topmast_service.staging.version import Version

Result = dict[str, Any]

NOT_TO_BE_HAD = frozenset({UpstreamDown.code, UpstreamError.code, TransferFailed.code})
"""Why a file failed that says nothing of the file itself."""


def got(version: Version, source: str, before: Version | None = None) -> Result:
    """The file is in the cache; `before` is what the same name stood for until now, if that was something else."""
    reason = "cached" if source == "cached" else "ok"
    if before is not None and before.sha256 != version.sha256:
        was = ", ".join(filter(None, (before.cal_ver, before.crds_ctx, before.date)))
        reason = f"reprocessed, was {was or before.sha256[:12]}"
    return {"status": OK, "reason": reason, "source": source, "size": version.size, "version": version.as_record()}


def withdrawn(version: Version) -> Result:
    """MAST no longer has the file; the last copy that anybody here fetched is delivered."""
    reason = f"withdrawn; this is the copy of {version.fetched_at:%Y-%m-%d}"
    return {"status": OK, "reason": reason, "source": "cached", "size": version.size, "version": version.as_record()}


def kept(version: Version, reason: str, newest: Version | None) -> Result:
    """What the revision before delivered stays in the box; its row says if there is something newer by now."""
    said = reason if reason not in {"", "ok"} else "cached"
    if newest is not None and newest.sha256 != version.sha256:
        now = ", ".join(filter(None, (newest.cal_ver, newest.crds_ctx, newest.date))) or newest.sha256[:12]
        said = f"superseded by {now}; kept as delivered, retry with what=all brings the new one"
    return {"status": OK, "reason": said, "source": "cached", "size": version.size, "version": version.as_record()}


UNCONFIRMED = "cached; MAST could not be asked"
"""How the reason of such a file begins."""


def unconfirmed(version: Version) -> Result:
    """MAST could not be asked whether the cached file is still the current one; it is delivered all the same."""
    reason = f"{UNCONFIRMED}, this is the copy of {version.fetched_at:%Y-%m-%d}"
    return {"status": OK, "reason": reason, "source": "cached", "size": version.size, "version": version.as_record()}


def refused(error: TopmastError, row: Mapping[str, Any], now: datetime) -> Result:
    """A file that will not come: withheld until its release, not there, or not understood."""
    if isinstance(error, NotAuthorized):
        return {"status": WITHHELD, "reason": f"{error.code}{_until(row, now)}", "code": error.code}
    if isinstance(error, MissingOnServer):
        return {"status": FAILED, "reason": "missing_on_server", "code": error.code}
    return failed(error)


def _until(row: Mapping[str, Any], now: datetime) -> str:
    if access.of_row(row, now) == access.RESTRICTED:
        return ": restricted, MAST gives it to nobody"
    release = access.release(row)
    if release is None:
        return ""
    day = f"{release:%Y-%m-%d}"
    return f" until {day}" if release > now else f": released on {day}, and MAST still refuses it"


def failed(error: TopmastError) -> Result:
    """A file that was tried for long enough."""
    return {"status": FAILED, "reason": redacted(f"failed: {error}"), "code": error.code}
