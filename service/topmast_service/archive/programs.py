"""The CAOM rows of programs, by their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from topmast_service.archive.filters import batches
from topmast_service.archive.portal import Portal
from topmast_service.domain.access import PLANNED_LEVEL

FILTERED = "Mast.Caom.Filtered"

PROGRAMS_PER_QUERY = 20
"""Programs in one question: large ones have ten thousand rows each, and MAST gives 500,000 at most."""

_CELLS = (
    "obs_collection", "proposal_id", "proposal_type", "proposal_pi", "obs_title", "instrument_name", "target_name",
    "obs_id", "calib_level", "t_min", "t_max", "t_exptime", "t_obs_release", "dataRights", "filters",
)  # fmt: skip


def rows(portal: Portal, mission: str, programs: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The observations of one mission's programs, planned ones too, without footprints and addresses.

    Parameters
    ----------
    programs
        Numbers as CAOM has them, without leading zeros; at most `PROGRAMS_PER_QUERY`.
    """
    return _asked(portal, mission, programs, _CELLS)


def known(portal: Portal, mission: str, programs: Sequence[str]) -> dict[str, int]:
    """How many executed observations each of these programs has; those that have no row at all are left out."""
    found: Counter[str] = Counter()
    for batch in batches(programs, PROGRAMS_PER_QUERY):
        for row in _asked(portal, mission, batch, ("proposal_id", "calib_level")):
            found[number(row)] += row.get("calib_level") != PLANNED_LEVEL
    return dict(found)


def number(row: Mapping[str, Any]) -> str:
    """The program of a row as it was asked for: SQL ignores blanks behind a text, and lists of ours do not."""
    return str(row.get("proposal_id") or "").strip().lstrip("0")


def _asked(portal: Portal, mission: str, programs: Sequence[str], cells: Sequence[str]) -> Iterator[dict[str, Any]]:
    filters = [
        {"paramName": "obs_collection", "values": [mission], "separator": ";"},
        {"paramName": "proposal_id", "values": list(programs)},
    ]
    return portal.rows(FILTERED, {"columns": ",".join(cells), "filters": filters})
