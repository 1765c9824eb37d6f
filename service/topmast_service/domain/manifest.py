"""What a bundle delivers: one row per requested file, and totals that add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

OK, FAILED, WITHHELD = "OK", "FAILED", "WITHHELD"
HELP_DESK = "archive@stsci.edu"


@dataclass(frozen=True)
class ManifestRow:
    """One requested file. `reason` is what a person reads: ``ok``, ``cached``, ``not_authorized until 2027-03-01``…

    `path` is where the file lies in the box (``JWST/<obs_id>/<file>``); `size` is in bytes; `version` holds the
    header's CAL_VER, CRDS_CTX and DATE where the file is FITS. `crc32` is what zip calls so; rows of earlier
    releases lack it.
    """

    dataURI: str  # noqa: N815 - MAST's column name
    path: str
    productFilename: str  # noqa: N815 - MAST's column name
    obs_id: str
    description: str
    productType: str  # noqa: N815 - MAST's column name
    productSubGroupDescription: str  # noqa: N815 - MAST's column name
    calib_level: int | None
    access: str
    status: str
    reason: str
    size: int | None
    sha256: str
    source: str
    cal_ver: str = ""
    crds_ctx: str = ""
    date: str = ""
    crc32: int | None = None


@dataclass(frozen=True)
class BoxFacts:
    """What the head of a manifest says beside its rows."""

    job_id: str
    revision: int
    owner: str
    label: str
    created: str
    expires: str
    request: dict[str, Any]
    counts: dict[str, Any]
    version: str


def totals(rows: Iterable[ManifestRow]) -> dict[str, int]:
    """Files by status and bytes delivered, as counts and bytes (all keys always present)."""
    status: Counter[str] = Counter()
    size = cached = cached_bytes = 0
    for row in rows:
        status[row.status] += 1
        if row.status == OK:
            size += row.size or 0
            cached += row.source == "cached"
            cached_bytes += (row.size or 0) if row.source == "cached" else 0
    return {
        "requested": status.total(),
        "ok": status[OK],
        "cached": cached,
        "fetched": status[OK] - cached,
        "failed": status[FAILED] + status[WITHHELD],
        "bytes": size,
        "cached_bytes": cached_bytes,
    }
