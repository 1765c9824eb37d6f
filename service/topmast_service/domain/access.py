"""Who may have what: the one decision, asked by every door.

`of_row` says what a row of MAST's is; `may_have` who may have it. A door knows no more of it than their answers.

A row's right alone says too little: flags lag behind the release date, planned rows often say PUBLIC, and
``isRestricted`` stays False during exclusive access. So level comes first, then rights *and* date. Rows of the
keyword services have no rights at all: their release date decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from topmast_service.domain import dates
from topmast_service.domain.token import ENGINEERING, needs_token

PUBLIC, EXCLUSIVE, PLANNED, RESTRICTED, UNKNOWN = "public", "exclusive", "planned", "restricted", "unknown"

PLANNED_LEVEL = -1
"""CAOM calibration level of an approved but not executed observation."""


_OF_PROGRAM = re.compile(r"mast:JWST/(?:[^/]+/)*jw(\d{5})[^/]*", re.IGNORECASE)

DECIDING = ("calib_level", "dataRights", "t_obs_release", "isRestricted", "publicReleaseDate_mjd", "publicReleaseDate")
"""Every column that `of_row` looks at; a table has some of them."""


def may_have(access: str, *, proven: bool) -> bool:
    """Whether somebody may have the bytes of a file.

    Parameters
    ----------
    access
        What the file is: ``public``, ``exclusive``, ``planned``, ``restricted`` or ``unknown``.
    proven
        Whether MAST has, minutes ago, accepted a token of theirs for what `granted_with` names, and refused everybody
        else.

    Notes
    -----
    What nothing is known of is exclusive. What is restricted, or not even taken, is for nobody, whatever is proven.
    """
    return access == PUBLIC or (proven and access in {EXCLUSIVE, UNKNOWN})


def granted_with(uri: str) -> str:
    """What MAST grants as a whole, that a dataURI belongs to: a program's number, or the file alone.

    Grants are per program (MyST), and names of JWST products begin with the program. Engineering data belong to
    nobody: any token opens all of them. A file whose name says nothing is granted by itself.
    """
    if found := _OF_PROGRAM.fullmatch(uri):
        return str(int(found.group(1)))
    return ENGINEERING if needs_token(uri) else uri


def of_answer(row: Mapping[str, Any], *, closed: bool, now: datetime) -> str:
    """The access of a file that MAST gave to everybody, or (`closed`) did not, whatever its list says of it."""
    if not closed:
        return PUBLIC
    listed = of_row(row, now)
    return listed if listed != PUBLIC else EXCLUSIVE


def of_row(row: Mapping[str, Any], now: datetime) -> str:
    """The access of an observation, product or keyword row with MAST's column names, at the moment `now`.

    Returns
    -------
    str
        ``public``, ``exclusive``, ``planned``, ``restricted`` or ``unknown`` (neither rights nor a keyword row's
        release date; treated as exclusive).
    """
    if row.get("calib_level") == PLANNED_LEVEL:
        return PLANNED
    rights = str(row.get("dataRights") or "").upper()
    if rights == "RESTRICTED" or row.get("isRestricted"):
        return RESTRICTED
    released = release(row)
    if rights == "EXCLUSIVE_ACCESS":
        return PUBLIC if released and released <= now else EXCLUSIVE
    if rights == "PUBLIC" or _published(row):
        return EXCLUSIVE if released and released > now else PUBLIC
    return UNKNOWN


def release(row: Mapping[str, Any]) -> datetime | None:
    """When the row's data become public, if it says so.

    ``t_obs_release`` (CAOM, MJD days), else ``publicReleaseDate_mjd`` or ``publicReleaseDate`` (keyword services).
    """
    for days in (row.get("t_obs_release"), row.get("publicReleaseDate_mjd")):
        if days is not None:
            return dates.from_mjd(float(days))
    text = row.get("publicReleaseDate")
    return dates.read(text) if text else None


def _published(row: Mapping[str, Any]) -> bool:
    """Whether a keyword service told the release; a CAOM row with a date but without rights stays unknown."""
    return bool(row.get("publicReleaseDate_mjd") or row.get("publicReleaseDate"))
