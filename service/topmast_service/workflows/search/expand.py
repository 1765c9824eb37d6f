"""``expand: observations``: from files found by their keywords to the observations they belong to.

MAST's Portal lacks this bridge. Every observation comes once; what belongs to none is counted and named
(`domain.belonging` has the rules).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from topmast_service.archive import filters, keywords, observations
from topmast_service.archive.portal import Portal
from topmast_service.domain.belonging import ELEMENTS, Place, is_visit, sought, whereabouts
from topmast_service.domain.columns import NOT_ASKED, OBSERVATION, Column
from topmast_service.domain.criteria import Criterion
from topmast_service.workflows.search.asking import Asking, Found

Row = Mapping[str, Any]
Places = dict[tuple[str, str], dict[Place, list[str]]]
"""What is sought, by program and candidate, then by what an observation must have."""

BATCH = 500
"""Ids between two looks at whether the search is still wanted."""

PROGRAMS_PER_QUERY = 10
NAMED = 100
"""Names of unmatched observations that the result keeps."""

MEMBERS = (
    "{} files are of exposures that MAST shows only as part of a combined observation: they were matched with those of "
    "the same program, observation, instrument and optical elements (matched_by: member)."
)
VISITS = "{} guide-star files were matched with the observations of their visits (matched_by: visit)."

COLUMNS = (
    *(c for c in OBSERVATION.values() if c.name not in NOT_ASKED),
    Column("matched_files", "int", description="How many of the files found led to this observation"),
    Column(
        "matched_by",
        description="obs_id: files carry its id; member: they are of exposures that it combines; visit: guide stars",
    ),
)


@dataclass
class Wanted:
    """What is sought: how many files name each observation, and where else it may be."""

    files: Counter[str] = field(default_factory=Counter)
    places: dict[str, Place] = field(default_factory=dict)
    _same: dict[Place, Place] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """One file that was found."""
        obs_id, place = sought(keywords.name_of(row), row)
        self.files[obs_id] += 1
        if place is not None:
            self.places.setdefault(obs_id, self._same.setdefault(place, place))  # one for all that lie there

    def by_instrument(self) -> dict[str, Places]:
        """What may be elsewhere; guide stars under no instrument."""
        found: dict[str, Places] = {}
        for obs_id, place in self.places.items():
            places = found.setdefault(place.instrument, {}).setdefault((place.program, place.candidate), {})
            places.setdefault(place, []).append(obs_id)
        return found


def of_files(asking: Asking, services: Sequence[str], criteria: Mapping[str, Sequence[Criterion]]) -> Found:
    """The observations of the files that fit, each once.

    The facts then say what could not be matched: ``{"unmatched": {"count": files, "names": [up to 100 ids]}}``.
    """
    asking.facts["api"] = ", ".join([*(keywords.SERVICES[s] for s in services), observations.FILTERED])
    return Found(COLUMNS, _observations(asking, _files(asking, services, criteria)), asking.facts["api"])


def _files(asking: Asking, services: Sequence[str], criteria: Mapping[str, Sequence[Criterion]]) -> Iterator[Row]:
    """The files, with the few cells that say where they belong: the others would be a hundred times as much."""
    known = asking.search.form.services

    def ask(portal: Portal, service: str) -> Iterator[keywords.Row]:
        few = ",".join(c for c in ("filename", "fileName", *ELEMENTS) if service in known.get(c, ()))
        asked = criteria[service]
        return keywords.search(portal, service, asked, "*" if filters.tested(asked) else few)

    return (row for _, row in keywords.side_by_side(asking.upstream.open_portal, services, ask))


def _observations(asking: Asking, found: Iterable[Row]) -> Iterator[Row]:
    wanted = Wanted()
    for number, row in enumerate(found):
        if number % BATCH == 0:
            asking.check()
        wanted.add(row)
    total = wanted.files.total()
    yield from _by_place(asking, wanted)
    yield from _by_id(asking, wanted)
    left, names = wanted.files.total(), list(islice(wanted.files, NAMED))
    asking.facts["unmatched"] = {"count": left, "names": names}
    if left:
        few = ", ".join(names[:5])
        asking.notes.append(f"{left} of {total} files belong to no observation that MAST lists: {few}.")


def _by_place(asking: Asking, wanted: Wanted) -> Iterator[Row]:
    """Observations that are, or combine, the exposures; and those of the guide stars' visits.

    One question lists an instrument's observations in several programs: most exposures have no row of their own, and
    asking for each by its id would mostly find nothing.
    """
    matched: set[str] = set()
    seen: set[str] = set()
    for row, ids in _around(asking, wanted):
        own = str(row.get("obs_id"))
        matched |= ids
        if own not in seen:  # one that is around exposures may be around guide stars as well
            seen.add(own)
            how = "obs_id" if own in ids else "visit" if all(map(is_visit, ids)) else "member"
            yield {**row, "matched_files": sum(wanted.files[i] for i in ids), "matched_by": how}
    hidden, visits = (sum(wanted.files[i] for i in matched - seen if is_visit(i) == visit) for visit in (False, True))
    asking.notes += [says.format(files) for says, files in ((MEMBERS, hidden), (VISITS, visits)) if files]
    for obs_id in matched:
        del wanted.files[obs_id]


def _around(asking: Asking, wanted: Wanted) -> Iterator[tuple[Row, set[str]]]:
    """Observations, with what is sought of them: themselves, or what they contain."""
    for instrument, places in wanted.by_instrument().items():
        programs = sorted({program for program, _ in places})
        for batch in filters.batches(programs, PROGRAMS_PER_QUERY):
            asking.check()
            for row in _of_programs(asking.portal, batch, instrument):
                own = str(row.get("obs_id"))
                inside = places.get(whereabouts(own), {}).items()
                ids = {i for place, those in inside if place.within(own) for i in those} | ({own} & wanted.files.keys())
                if ids:
                    yield row, ids


def _by_id(asking: Asking, wanted: Wanted) -> Iterator[Row]:
    """Observations whose id the remaining files carry."""
    left = [obs_id for obs_id in wanted.files if obs_id not in wanted.places]
    for batch in filters.batches(left, BATCH):
        asking.check()
        for row in observations.by_ids(asking.portal, batch):
            if files := wanted.files.pop(str(row.get("obs_id")), 0):
                yield {**row, "matched_files": files, "matched_by": "obs_id"}


def _of_programs(portal: Portal, programs: Sequence[str], instrument: str) -> Iterator[Row]:
    """Executed observations of these programs, with one instrument or (empty) any."""
    asked: list[dict[str, Any]] = [
        {"paramName": "obs_collection", "values": ["JWST"], "separator": ";"},
        {"paramName": "proposal_id", "values": [str(int(p)) for p in programs]},
        {"paramName": "calib_level", "values": ["1", "2", "3"]},
    ]
    if instrument:
        asked.append({"paramName": "instrument_name", "values": [], "freeText": f"{instrument.upper()}%"})
    return portal.rows(observations.FILTERED, {"columns": "*", "filters": asked})
