"""What is missing from what the pipeline is to be run on: members, segments, detectors, dithers.

An association says which files it takes; the pool of its generation says what each exposure was to have
("JWST Associations", documentation of the calibration pipeline). A reduction of three dithers out of four looks as
good as one of four, so this is told before anybody waits for files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from topmast_service.domain.lineage import ExposureFile, exposure_file
from topmast_service.domain.pool import Pooled


@dataclass(frozen=True)
class Missing:
    """One thing that is not there. `kind`: member, segment, detector or dither; `of` is what it is missing from."""

    kind: str
    what: str
    of: str


def segments(members: Iterable[str], pool: Collection[Pooled], there: Callable[[str], bool]) -> Iterator[Missing]:
    """Segments that the pool counts (EXSEGTOT) and nobody has.

    Parameters
    ----------
    members
        File names of exposures, as an association or a selection names them.
    there
        Whether MAST has anything of the observation with this obs_id.
    """
    whole = {(row.stem, row.detector): row.segments or 0 for row in pool}
    segmented = {(e.stem, e.detector): e for e in _exposures(members) if e.segment}
    for place, exposure in segmented.items():
        for number in range(1, whole.get(place, 0) + 1):
            obs_id = exposure.segment_obs_id(number)
            if not there(obs_id):
                yield Missing("segment", obs_id, f"{exposure.stem}_{exposure.detector}")


def detectors(association: str, members: Iterable[str]) -> Iterator[Missing]:
    """Detectors that some exposures of an association have and others lack."""
    of: defaultdict[str, set[str]] = defaultdict(set)
    for exposure in _exposures(members):
        of[exposure.stem].add(exposure.detector)
    every = set().union(*of.values())
    for stem, found in sorted(of.items()):
        yield from (Missing("detector", f"{stem}_{detector}", association) for detector in sorted(every - found))


def dithers(association: str, members: Iterable[str], pool: Collection[Pooled]) -> Iterator[Missing]:
    """Points of a dither pattern (PATT_NUM of NUMDTHPT) that no member of an association was taken at."""
    known = {(row.stem, row.detector): row for row in pool}
    taken: defaultdict[tuple[object, ...], set[int]] = defaultdict(set)
    planned: dict[tuple[object, ...], int] = {}
    for exposure in _exposures(members):
        row = known.get((exposure.stem, exposure.detector))
        if row is None or row.dither is None or not row.dithers or row.pattern is None:
            continue
        pattern = (row.observation, row.specification, row.tile, row.detector)
        taken[pattern].add(row.dither)
        planned[pattern] = row.dithers
    yield from _not_taken(association, planned, taken)


def _not_taken(
    association: str, planned: Mapping[tuple[object, ...], int], taken: Mapping[tuple[object, ...], set[int]]
) -> Iterator[Missing]:
    for pattern, count in planned.items():
        observation, _, _, detector = pattern
        for point in sorted(set(range(1, count + 1)) - taken[pattern]):
            yield Missing("dither", f"{point} of {count} in observation {observation} with {detector}", association)


def _exposures(members: Iterable[str]) -> Iterator[ExposureFile]:
    return (found for name in members if (found := exposure_file(name)))
