"""Programs: one row for each number and mission, summed up from its CAOM rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from topmast_service.archive import programs
from topmast_service.archive.filters import batches
from topmast_service.archive.programs import FILTERED, PROGRAMS_PER_QUERY
from topmast_service.domain import access, dates, targets
from topmast_service.domain.access import PLANNED_LEVEL
from topmast_service.domain.columns import Column
from topmast_service.domain.criteria import Criterion
from topmast_service.workflows.search import exposures
from topmast_service.workflows.search.asking import Asking, Collection, Found

MOST_TARGETS = 200
"""Targets that a cell lists; surveys have thousands."""

_C = Column
COLUMNS = (
    _C("program_key", description="Mission and number: JWST-1558", ucd="meta.id;meta.main"),
    _C("obs_collection", description="Mission"),
    _C("program", description="Number, without leading zeros", ucd="meta.id;obs.proposal"),
    _C("category", description="COM, ERS, CAL, GTO, GO, DD, SURVEY; empty where MAST has none"),
    _C("pi", description="Principal investigator", ucd="meta.id.PI"),
    _C("title", description="Title of the proposal", ucd="meta.title;obs"),
    _C("instruments", description="Instruments and modes", many=True, ucd="meta.id;instr"),
    _C("observations", "int", "", "CAOM observations: executed and planned", ucd="meta.number"),
    _C("executed", "int", "", "Those that have data", ucd="meta.number"),
    _C("planned", "int", "", "Those that are planned", ucd="meta.number"),
    _C("exclusive", "int", "", "Executed ones still in exclusive access", ucd="meta.number"),
    _C("first_date", "date", "", "Begin of the first executed observation", ucd="time.start;obs.exposure"),
    _C("last_date", "date", "", "End of the last executed observation", ucd="time.end;obs.exposure"),
    _C("next_release", "date", "", "When the next exclusive data become public", ucd="time.release"),
    _C(
        "exposure_time", "float", "s", "Sum over the executed observations; what worked at the same time counts each",
        ucd="time.duration;obs.exposure",
    ),
    _C("targets", description="Targets, the one with most observations first; other spellings in brackets", many=True),
    _C("target_groups", "int", "", "How many targets, spellings taken together", ucd="meta.number"),
    _C("target_names", "int", "", "How many spellings of target names", ucd="meta.number"),
)  # fmt: skip


def find(asking: Asking) -> Found:
    """The programs asked for, in the order asked for; with ``expand: exposures`` their log."""
    numbers, missions = asked(asking)
    if asking.search.expand == "exposures":
        return exposures.find(asking, numbers, missions)
    return Found(COLUMNS, _rows(asking, numbers, missions), FILTERED)


COLLECTION = Collection(find)


def asked(asking: Asking) -> tuple[list[str], list[str]]:
    """Program numbers and missions; JWST where none is named."""
    program, mission = asking.search.criterion("program"), asking.search.criterion("obs_collection")
    numbers = list(dict.fromkeys(program.exact)) if program else []
    return numbers, _missions(asking, mission) if mission else ["JWST"]


def _missions(asking: Asking, criterion: Criterion) -> list[str]:
    """Those named, in that order; or all but those."""
    named = list(dict.fromkeys(name.casefold() for name in criterion.exact))
    known = asking.search.form.choices[criterion.column.name]
    chosen = [name for name in known if name not in named] if criterion.negated else named
    return [name.upper() for name in chosen]


def _rows(asking: Asking, numbers: Sequence[str], missions: Sequence[str]) -> Iterator[dict[str, Any]]:
    for mission in missions:
        missing: list[str] = []
        for batch in batches(numbers, PROGRAMS_PER_QUERY):
            asking.check()
            sums = {number: _Program(mission, number) for number in batch}
            for row in programs.rows(asking.portal, mission, batch):
                if (number := programs.number(row)) in sums:
                    sums[number].add(row, asking.now)
            missing += [number for number in batch if not sums[number].observations]
            yield from (_told(found, asking.notes) for found in sums.values() if found.observations)
        asking.notes += exposures.of_missing(asking.portal, mission, missing, missions)


@dataclass
class _Program:
    """The sums over one program's rows."""

    mission: str
    number: str
    observations: int = 0
    planned: int = 0
    exclusive: int = 0
    seconds: float = 0.0
    first: float | None = None
    last: float | None = None
    release: datetime | None = None
    names: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any], now: datetime) -> None:
        """Count one observation."""
        self.observations += 1
        for column in ("proposal_type", "proposal_pi", "obs_title", "instrument_name", "target_name"):
            if text := str(row.get(column) or "").strip():
                self.names.setdefault(column, Counter())[text] += 1
        if row.get("calib_level") == PLANNED_LEVEL:
            self.planned += 1
            return
        self.seconds += row.get("t_exptime") or 0.0
        begin, end = row.get("t_min"), row.get("t_max")
        self.first = min((t for t in (self.first, begin) if t is not None), default=None)
        self.last = max((t for t in (self.last, end) if t is not None), default=None)
        if access.of_row(row, now) == access.EXCLUSIVE:
            self.exclusive += 1
            dated = [d for d in (self.release, access.release(row)) if d is not None]
            self.release = min(dated, default=None)

    def usual(self, column: str) -> str | None:
        """The value that most rows have."""
        found = self.names.get(column, Counter()).most_common(1)
        return found[0][0] if found else None


def _told(found: _Program, notes: list[str]) -> dict[str, Any]:
    names = found.names.get("target_name", Counter())
    groups = targets.groups(names)
    key = f"{found.mission}-{found.number}"
    if len(groups) > MOST_TARGETS:
        notes.append(f"{key} has {len(groups)} targets; the row names the {MOST_TARGETS} with most observations.")
    return {
        "program_key": key,
        "obs_collection": found.mission,
        "program": found.number,
        "category": found.usual("proposal_type"),
        "pi": found.usual("proposal_pi"),
        "title": found.usual("obs_title"),
        "instruments": ";".join(sorted(found.names.get("instrument_name", ()))),
        "observations": found.observations,
        "executed": found.observations - found.planned,
        "planned": found.planned,
        "exclusive": found.exclusive,
        "first_date": _moment(found.first),
        "last_date": _moment(found.last),
        "next_release": dates.written(found.release) if found.release else None,
        "exposure_time": round(found.seconds, 3),
        "targets": "; ".join(map(str, groups[:MOST_TARGETS])),
        "target_groups": len(groups),
        "target_names": len(names),
    }


def _moment(mjd: float | None) -> str | None:
    return dates.written(dates.from_mjd(mjd)) if mjd is not None else None
