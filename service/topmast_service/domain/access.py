"""Who may have what: the one decision, asked by every door.

A row's right alone says too little: flags lag behind the release date, planned rows often say PUBLIC, and
``isRestricted`` stays False during exclusive access. So level comes first, then rights *and* date.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from topmast_service.domain.dates import from_mjd

PUBLIC, EXCLUSIVE, PLANNED, RESTRICTED, UNKNOWN = "public", "exclusive", "planned", "restricted", "unknown"

PLANNED_LEVEL = -1
"""CAOM calibration level of an approved but not executed observation."""


def of_row(row: Mapping[str, Any], now: datetime) -> str:
    """The access of an observation or product row with MAST's column names, at the moment `now`.

    Returns
    -------
    str
        ``public``, ``exclusive``, ``planned``, ``restricted`` or ``unknown`` (blank rights; treated as exclusive).
    """
    if row.get("calib_level") == PLANNED_LEVEL:
        return PLANNED
    rights = str(row.get("dataRights") or "").upper()
    if rights == "RESTRICTED":
        return RESTRICTED
    released = release(row)
    if rights == "EXCLUSIVE_ACCESS":
        return PUBLIC if released and released <= now else EXCLUSIVE
    if rights == "PUBLIC":
        return EXCLUSIVE if released and released > now else PUBLIC
    return UNKNOWN


def release(row: Mapping[str, Any]) -> datetime | None:
    """When the row's data become public (``t_obs_release``, MJD days), if it says so."""
    days = row.get("t_obs_release")
    return from_mjd(float(days)) if days is not None else None


def needs_token(uri: str) -> bool:
    """Whether MAST gives this dataURI to no anonymous user: engineering data, to anybody whose token it accepts.

    Such a file is asked for anew with the token of each user who wants it, and nothing of it is shared between them.
    """
    return uri.startswith("mast:jwstedb/")
