"""A program's log: every exposure that was executed, in the order of time.

JWST's comes from the mission search, whose rows are file sets, one for each exposure; HST's from CAOM.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from topmast_service.archive import programs
from topmast_service.archive.missions import Missions
from topmast_service.archive.portal import Portal
from topmast_service.domain import dates, targets
from topmast_service.domain.access import PLANNED_LEVEL
from topmast_service.domain.columns import Column
from topmast_service.workflows.search.asking import Asking, Found

MISSIONS = ("JWST", "HST")
"""Those whose programs are told apart by number."""

MISSION_SEARCH = "search/jwst"
"""The mission search's name among the services."""

_C = Column
COLUMNS = (
    _C("date", "date", "", "Begin of the exposure, UTC", ucd="time.start;obs.exposure"),
    _C("obs_collection", description="Mission"),
    _C("program", description="Number, without leading zeros", ucd="meta.id;obs.proposal"),
    _C("observation", "int", "", "Observation of the program", ucd="meta.id"),
    _C("visit", "int", "", "Visit of the observation", ucd="meta.id"),
    _C("exposure", description="File set: the name up to the detector; HST: the observation id", ucd="meta.id"),
    _C("target", description="The proposer's name of the target", ucd="meta.id;src"),
    _C("target_group", description="The usual spelling of that name in this program"),
    _C("instrument", description="Instrument", ucd="meta.id;instr"),
    _C("mode", description="JWST: exposure type (EXP_TYPE); HST: instrument and channel"),
    _C("filter", description="Optical elements", many=True, ucd="meta.id;instr.filter"),
    _C("exposure_time", "float", "s", "Duration of the exposure", ucd="time.duration;obs.exposure"),
    _C("level", description="Processing levels that exist", ucd="meta.code;obs.calib"),
    _C("dataRights", description="PUBLIC, EXCLUSIVE_ACCESS or RESTRICTED"),
    _C("publicReleaseDate", "date", "", "End of exclusive access", ucd="time.release"),
)

_JWST_CELLS = (
    "date_obs", "program", "observtn", "visit", "targprop", "instrume", "exp_type", "opticalElements", "duration",
    "productLevel", "access", "publicReleaseDate",
)  # fmt: skip
_EXPOSURE = re.compile(r"jw\d{11}_[0-9a-z]{5}_\d{5}", re.IGNORECASE)
"""Begin of an exposure's file set; target-level ones (``jw01558-o001_t001_miri``) combine exposures."""


def find(asking: Asking, numbers: Sequence[str], missions: Sequence[str]) -> Found:
    """The log of these programs: by mission and program as asked for, then by date."""
    services = [MISSION_SEARCH if mission == "JWST" else programs.FILTERED for mission in missions]
    return Found(COLUMNS, _rows(asking, numbers, missions), ", ".join(services))


def of_missing(portal: Portal, mission: str, missing: Sequence[str], searched: Sequence[str]) -> list[str]:
    """What to say of programs that a mission does not have; another mission may."""
    if not missing:
        return []
    notes = [f"{mission} has no program {', '.join(missing)}."]
    for other in MISSIONS:
        if other not in searched and (there := programs.known(portal, other, missing)):
            listed = ", ".join(sorted(there, key=int))
            notes.append(f"{other} has a program {listed}: search with obs_collection {other}.")
    return notes


def _rows(asking: Asking, numbers: Sequence[str], missions: Sequence[str]) -> Iterator[dict[str, Any]]:
    with closing(Missions(asking.upstream.mast_url, asking.upstream.timeout)) as search:
        for mission in missions:
            read = _Jwst(search, asking.notes) if mission == "JWST" else _Caom(asking.portal, mission)
            silent: list[str] = []
            for number in numbers:
                asking.check()
                log = list(read(number))
                silent += [] if log else [number]
                yield from _in_order(log)
            asking.notes += _of_silent(asking, mission, silent, missions)


def _of_silent(asking: Asking, mission: str, silent: Sequence[str], searched: Sequence[str]) -> list[str]:
    """Why a program has no log: nothing executed yet, no such program, or services that disagree."""
    there = programs.known(asking.portal, mission, silent) if silent else {}
    waiting = [number for number, executed in there.items() if not executed]
    notes = [f"Nothing of {mission} {', '.join(waiting)} has been executed yet."] if waiting else []
    notes += [
        f"{mission} {number} has {executed} executed observations in CAOM, but the mission search knows no exposure."
        for number, executed in there.items()
        if executed
    ]
    return notes + of_missing(asking.portal, mission, [n for n in silent if n not in there], searched)


def _in_order(log: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One program's log by date, each exposure once, with the usual spelling of its targets."""
    found = list({row["exposure"]: row for row in log}.values())
    usual = {
        name: group.name
        for group in targets.groups(Counter(row["target"] for row in found if row["target"]))
        for name in (group.name, *group.variants)
    }
    for row in sorted(found, key=lambda r: (r["_mjd"] is None, r["_mjd"] or 0.0, r["exposure"])):
        yield {**row, "target_group": usual.get(row["target"])}


class _Jwst:
    """Reads exposures from the mission search; cells that MAST has no column for stay empty, and that is said."""

    def __init__(self, search: Missions, notes: list[str]) -> None:
        self._search = search
        self._notes = notes
        self._cells: list[str] = []

    def __call__(self, number: str) -> Iterator[dict[str, Any]]:
        """One program's exposures."""
        if not self._cells:
            known = self._search.columns()
            self._cells = [name for name in _JWST_CELLS if name in known]
            if lacking := ", ".join(sorted({*_JWST_CELLS} - known)):
                self._notes.append(f"MAST's mission search has no {lacking} today: these cells are empty.")
        found = self._search.rows({"program": number}, self._cells)
        return (_of_file_set(row, number) for row in found if _EXPOSURE.match(str(row.get("fileSetName"))))


def _of_file_set(row: Mapping[str, Any], number: str) -> dict[str, Any]:
    date = _date(row.get("date_obs"))
    return {
        "_mjd": dates.to_mjd(dates.read(date)) if date else None,
        "date": date,
        "obs_collection": "JWST",
        "program": number,
        "observation": row.get("observtn"),
        "visit": row.get("visit"),
        "exposure": row["fileSetName"],
        "target": row.get("targprop"),
        "instrument": row.get("instrume"),
        "mode": row.get("exp_type"),
        "filter": row.get("opticalElements"),
        "exposure_time": row.get("duration"),
        "level": row.get("productLevel"),
        "dataRights": row.get("access"),
        "publicReleaseDate": _date(row.get("publicReleaseDate")),
    }


def _date(cell: Any) -> str | None:
    """A date cell as RFC 3339; one that is no date is left empty, and hides no exposure."""
    try:
        return dates.cell(cell)
    except ValueError:
        return None


class _Caom:
    """Reads the executed observations of another mission from CAOM."""

    def __init__(self, portal: Portal, mission: str) -> None:
        self._portal = portal
        self._mission = mission

    def __call__(self, number: str) -> Iterator[dict[str, Any]]:
        """One program's observations."""
        found = programs.rows(self._portal, self._mission, [number])
        return (_of_observation(row, number) for row in found if row.get("calib_level") != PLANNED_LEVEL)


def _of_observation(row: Mapping[str, Any], number: str) -> dict[str, Any]:
    return {
        "_mjd": row.get("t_min"),
        "date": _moment(row.get("t_min")),
        "obs_collection": row["obs_collection"],
        "program": number,
        "exposure": row["obs_id"],
        "target": row.get("target_name"),
        "instrument": str(row.get("instrument_name") or "").partition("/")[0] or None,
        "mode": row.get("instrument_name"),
        "filter": row.get("filters"),
        "exposure_time": row.get("t_exptime"),
        "level": str(row["calib_level"]) if row.get("calib_level") is not None else None,
        "dataRights": row.get("dataRights"),
        "publicReleaseDate": _moment(row.get("t_obs_release")),
    }


def _moment(mjd: float | None) -> str | None:
    return dates.written(dates.from_mjd(mjd)) if mjd is not None else None
