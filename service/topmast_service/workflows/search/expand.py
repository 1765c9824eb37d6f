"""``expand: observations``: from files found by their keywords to the observations they belong to.

MAST's Portal lacks this bridge. A file's stem is the ``obs_id`` of its observation (mast-protocol §14.1), segment
included. But an exposure that went into a combined product has no row of its own in a CAOM search: it is reached
through the combined observation of its program, observation, instrument and optical elements; guide stars through
their visit. Every observation comes once; what belongs to none is counted and named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from topmast_service.archive import filters, keywords, observations
from topmast_service.archive.portal import Portal
from topmast_service.domain.columns import NOT_ASKED, OBSERVATION, Column
from topmast_service.domain.criteria import Criterion
from topmast_service.workflows.search.asking import Asking, Found

Row = Mapping[str, Any]

ELEMENTS = ("filter", "pupil", "grating")
NO_ELEMENT = frozenset({"", "n/a", "none", "null", "mirror", "opaque"})
"""What the wheels say where nothing is in the way; names of combined products leave these out."""

BATCH = 500
"""Ids between two looks at whether the search is still wanted."""

PROGRAMS_PER_QUERY = 10
NAMED = 100
"""Names of unmatched files that the result keeps."""

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
        description="obs_id: the files carry its id; member: they are exposures that it combines; visit: guide stars",
    ),
)

_EXPOSURE = re.compile(r"jw(\d{5})(\d{3})(\d{3})_\d{3}[0-9a-z]{2}_\d{5}(?:-seg\d{3})?_([a-z0-9]+)")
_GUIDE_STAR = re.compile(r"jw(\d{5})(\d{3})(\d{3})_gs-")
_COMBINED = re.compile(r"jw(\d{5})-([aocr]\d{3,4})_[a-z0-9\-]+_([a-z0-9]+)_([a-z0-9\-]+)")
_CANDIDATE = re.compile(r"_([aocr]\d{3,4})$")
_DETECTORS = (
    ("nrc", "nircam"), ("nis", "niriss"), ("nrs", "nirspec"), ("mir", "miri"), ("guider", "fgs"),
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where an observation must be to contain a file; of guide stars only their visit is known."""

    program: str
    candidate: str
    visit: str = ""
    instrument: str = ""
    elements: frozenset[str] = frozenset()


@dataclass
class Wanted:
    """What is looked for: how many files name each observation, and where else to look for it."""

    files: Counter[str] = field(default_factory=Counter)
    places: dict[str, Place] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """One file that was found."""
        name = keywords.name_of(row)
        stem = name.rpartition(".")[0].rpartition("_")[0]
        obs_id = _CANDIDATE.sub("", stem) if _EXPOSURE.match(stem) else stem
        if guide := _GUIDE_STAR.match(name):
            obs_id = f"jw{''.join(guide.groups())}"
            self.places[obs_id] = Place(guide[1], f"o{guide[2]}", visit=obs_id)
        elif (exposure := _EXPOSURE.match(obs_id)) and obs_id not in self.places:
            candidate = _CANDIDATE.search(stem)
            self.places[obs_id] = Place(
                exposure[1],
                candidate[1] if candidate else f"o{exposure[2]}",
                instrument=_instrument(exposure[4]),
                elements=_elements(row),
            )
        self.files[obs_id] += 1


def of_files(asking: Asking, services: Sequence[str], criteria: Sequence[Criterion]) -> Found:
    """The observations of the files that fit, each once.

    The facts then say what could not be matched: ``{"unmatched": {"count": files, "names": [up to 100 of them]}}``.
    """
    asking.facts["api"] = f"{asking.facts['api']}, {observations.FILTERED}"
    return Found(COLUMNS, _observations(asking, _files(asking, services, criteria)), asking.facts["api"])


def _files(asking: Asking, services: Sequence[str], criteria: Sequence[Criterion]) -> Iterator[Row]:
    """The files, with the few cells that say where they belong: the others would be a hundred times as much."""
    known = asking.search.form.services

    def ask(portal: Portal, service: str) -> Iterator[keywords.Row]:
        few = ",".join(c for c in ("filename", "fileName", *ELEMENTS) if service in known.get(c, ()))
        return keywords.search(portal, service, criteria, "*" if filters.tested(criteria) else few)

    return (row for _, row in keywords.side_by_side(asking.upstream.open_portal, services, ask))


def _observations(asking: Asking, found: Iterable[Row]) -> Iterator[Row]:
    wanted = Wanted()
    for number, row in enumerate(found):
        if number % BATCH == 0:
            asking.check()
        wanted.add(row)
    total, seen = wanted.files.total(), set[Any]()
    yield from _by_id(asking, wanted, seen)
    yield from _by_place(asking, wanted, seen)
    left, names = wanted.files.total(), list(islice(wanted.files, NAMED))
    asking.facts["unmatched"] = {"count": left, "names": names}
    if left:
        few = ", ".join(names[:5])
        asking.notes.append(f"{left} of {total} files belong to no observation that MAST lists: {few}.")


def _by_id(asking: Asking, wanted: Wanted, seen: set[Any]) -> Iterator[Row]:
    """Observations whose id the files carry. What is found is no longer wanted."""
    sought = [obs_id for obs_id in wanted.files if not _is_visit(obs_id)]
    for batch in filters.batches(sought, BATCH):
        asking.check()
        for row in observations.by_ids(asking.portal, batch):
            if row.get("obsid") not in seen:
                seen.add(row.get("obsid"))
                yield {**row, "matched_files": wanted.files.pop(str(row.get("obs_id")), 0), "matched_by": "obs_id"}


def _by_place(asking: Asking, wanted: Wanted, seen: set[Any]) -> Iterator[Row]:
    """Combined observations that contain the exposures still wanted, and those of the guide stars' visits."""
    left: dict[tuple[str, str], dict[Place, list[str]]] = {}
    for obs_id in wanted.files:
        if place := wanted.places.get(obs_id):
            left.setdefault((place.program, place.candidate), {}).setdefault(place, []).append(obs_id)
    matched: set[str] = set()
    for batch in filters.batches(sorted({program for program, _ in left}), PROGRAMS_PER_QUERY):
        asking.check()
        for row in _of_programs(asking.portal, batch):
            ids = [i for place, ids in _around(left, row) if _holds(row, place) for i in ids]
            if not ids:
                continue
            matched.update(ids)
            if row.get("obsid") not in seen:
                seen.add(row.get("obsid"))
                how = "visit" if all(map(_is_visit, ids)) else "member"
                yield {**row, "matched_files": sum(wanted.files[i] for i in ids), "matched_by": how}
    hidden, guiding = (sum(wanted.files.pop(i) for i in matched if _is_visit(i) == visits) for visits in (False, True))
    if hidden:
        asking.notes.append(MEMBERS.format(hidden))
    if guiding:
        asking.notes.append(VISITS.format(guiding))


def _of_programs(portal: Portal, programs: Sequence[str]) -> Iterator[Row]:
    """Executed observations of these programs."""
    asked = [
        {"paramName": "obs_collection", "values": ["JWST"], "separator": ";"},
        {"paramName": "proposal_id", "values": [str(int(p)) for p in programs]},
        {"paramName": "calib_level", "values": ["2", "3"]},
    ]
    return portal.rows(observations.FILTERED, {"columns": "*", "filters": asked})


def _around(left: Mapping[tuple[str, str], dict[Place, list[str]]], row: Row) -> Iterable[tuple[Place, list[str]]]:
    obs_id = str(row.get("obs_id"))
    if combined := _COMBINED.fullmatch(obs_id):
        return left.get((combined[1], combined[2]), {}).items()
    exposure = _EXPOSURE.fullmatch(obs_id)
    return left.get((exposure[1], f"o{exposure[2]}"), {}).items() if exposure else ()


def _holds(row: Row, place: Place) -> bool:
    """Whether an observation of the same program and observation contains the files of a place."""
    obs_id = str(row.get("obs_id"))
    combined = _COMBINED.fullmatch(obs_id)
    if place.visit:
        return combined is not None or obs_id.startswith(place.visit)
    return combined is not None and (
        combined[3] == place.instrument and place.elements <= frozenset(combined[4].split("-"))
    )


def _is_visit(obs_id: str) -> bool:
    return "_" not in obs_id


def _instrument(detector: str) -> str:
    return next((name for start, name in _DETECTORS if detector.startswith(start)), detector)


def _elements(row: Row) -> frozenset[str]:
    told = (str(row.get(name) or "").casefold() for name in ELEMENTS)
    return frozenset(element for element in told if element not in NO_ELEMENT)
