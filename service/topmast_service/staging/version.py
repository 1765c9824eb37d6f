"""One version of a product, as the cache keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

STRONG, WEAK = "strong", "weak"


@dataclass(frozen=True)
class Origin:
    """What the server said about the bytes it sent.

    `validator` is the strong one (RFC 9110 §8.8.1), fit for ``If-Range``; `total` is in bytes; `framed` is False
    when the end of the body was marked by nothing but the end of the connection, which looks like a cut.
    """

    total: int | None = None
    validator: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    media_type: str = ""
    framed: bool = True


@dataclass(frozen=True)
class Version:
    """Bytes that some dataURI stood for at some time: JWST products are reprocessed under their old name.

    `size` is in bytes, `crc32` the checksum zip uses. `cal_ver`, `crds_ctx` and `date` come from the primary FITS
    header. `verified` is ``weak`` when nothing proves that the pieces belong together: resumed without a validator,
    or a body without a marked end. `exclusive`: it came with somebody's token, and MAST has given it to nobody without
    one since; what an earlier release recorded is public, for it fetched nothing else.
    """

    sha256: str
    size: int
    crc32: int
    etag: str | None
    last_modified: str | None
    validator: str | None
    media_type: str
    fetched_at: datetime
    checked_at: datetime
    cal_ver: str
    crds_ctx: str
    date: str
    verified: str
    exclusive: bool = False

    def confirmed(self, now: datetime) -> Self:
        """The same version, found to be MAST's current one at `now`."""
        return replace(self, checked_at=now)

    def released(self) -> Self:
        """The same version, public from now on."""
        return replace(self, exclusive=False)

    def as_record(self) -> dict[str, Any]:
        """For JSON; times are ISO 8601."""
        times = {"fetched_at": self.fetched_at.isoformat(), "checked_at": self.checked_at.isoformat()}
        return vars(self) | times  # not asdict, which copies deeply: ten times as long, twice per file

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what `as_record` wrote; members that a later release added are ignored."""
        known = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        for name in ("fetched_at", "checked_at"):
            known[name] = datetime.fromisoformat(known[name])
        return cls(**known)
