"""What a bundle delivers: one row per requested file, and totals that add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

OK, FAILED, WITHHELD, EXCLUDED = "OK", "FAILED", "WITHHELD", "EXCLUDED"
"""EXCLUDED: named one by one, and left out by the request's own selection. Nothing went wrong with such a file."""

HELP_DESK = "archive@stsci.edu"


@dataclass(frozen=True)
class ManifestRow:
    """One requested file. `reason` is what a person reads: ``ok``, ``cached``, ``not_authorized until 2027-03-01``…

    `path` is where the file lies in the box (``JWST/<obs_id>/<file>``); `size` is in bytes; `version` holds the
    header's CAL_VER, CRDS_CTX and DATE where the file is FITS. `crc32` is what zip calls so; rows of earlier
    releases lack it. `release` (RFC 3339) is when exclusive access ends, as far as MAST says.
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
    release: str = ""


@dataclass(frozen=True)
class LeftOut:
    """One listed product that is not in the bundle.

    `reason` is ``excluded:guide_star``, ``duplicate_of …``; `listed` is how often MAST listed it, `size` is in bytes.
    """

    dataURI: str  # noqa: N815 - MAST's column name
    productFilename: str  # noqa: N815 - MAST's column name
    obs_id: str
    productType: str  # noqa: N815 - MAST's column name
    productSubGroupDescription: str  # noqa: N815 - MAST's column name
    calib_level: int | None
    size: int | None
    reason: str
    listed: int


@dataclass(frozen=True)
class BoxFacts:
    """What the head of a manifest says beside its rows.

    Attributes
    ----------
    created, expires
        RFC 3339; until `expires` the files stay at least.
    request
        What was asked, as it was sent, without those who are told: a manifest is passed on.
    search
        Request of the search that the bundle was made of.
    counts
        ``listed = unique + duplicates``, ``unique = selected + excluded`` (by reason).
    citation
        ``text``, ``acknowledgement`` and ``bibtex``.
    """

    job_id: str
    revision: int
    owner: str
    label: str
    created: str
    expires: str
    request: dict[str, Any]
    counts: dict[str, Any]
    version: str
    search: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    citation: dict[str, str] = field(default_factory=dict)


def why_left_out(reason: str) -> str:
    """``guide_star`` as manifests say it; a reason that is a sentence of its own stays."""
    return reason if reason.startswith("duplicate_of") else f"excluded:{reason}"


def totals(rows: Iterable[ManifestRow]) -> dict[str, int]:
    """Files by status and bytes delivered, as counts and bytes (all keys always present).

    ``requested = ok + failed + excluded`` and ``ok = cached + fetched``; `withheld` are those of the failed that wait
    for their release.
    """
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
        "withheld": status[WITHHELD],
        "excluded": status[EXCLUDED],
        "bytes": size,
        "cached_bytes": cached_bytes,
    }
