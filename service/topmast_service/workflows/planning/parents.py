"""All that a product was made of.

Parents are the newest generation of its association and that one's members, earlier stages of the same exposure with
all its segments, the MSA configuration of the visit, and what MAST lists below the observation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from topmast_service.domain import lineage
from topmast_service.store.listing import Listing
from topmast_service.workflows.planning.associations import Associations, Named

Row = dict[str, Any]
Needed = Iterator[tuple[str, str]]
"""Names of files, each with why it is needed."""


@dataclass
class Parents:
    """Tells the parents of a product; each of them is asked for its own in turn."""

    listing: Listing
    associations: Associations
    _older: set[str] = field(default_factory=set)
    _opened: set[str] = field(default_factory=set)

    def begin(self, names: list[str]) -> Needed:
        """Before the first is asked for: many associations are fetched at once."""
        self.associations.warm()
        self._older = self.associations.older()
        self._opened = set()
        return iter(())

    def of(self, name: str) -> Needed:
        """The parents of a file; none of one that is not listed, or is itself no science."""
        row = self.listing.named(name)
        if row is None or row["productType"] != "SCIENCE":
            return
        yield from members(self.associations, row["obs_id"])
        yield from self._earlier(row)
        yield from self._listed_below(row)

    def _earlier(self, row: Row) -> Needed:
        exposure = lineage.exposure_file(row["productFilename"])
        if exposure is None:
            return
        same = "exposure = ? AND detector = ? AND productType = 'SCIENCE' AND (calib_level < ? OR suffix = ?)"
        level, told = row["calib_level"] or 0, f"earlier stage or segment of {row['productFilename']}"
        for other in self.listing.rows(same, exposure.stem, exposure.detector, level, exposure.suffix):
            yield other["productFilename"], told
        yield from shutters(self.listing, exposure.visit_id)

    def _listed_below(self, row: Row) -> Needed:
        """MAST's own word: what it lists when the observation is opened; asked once for each."""
        obsid = row["obsID"] or ""
        if obsid in self._opened:
            return
        self._opened.add(obsid)
        for other in self.listing.listed_under(obsid):
            lower = (other["calib_level"] or 0) < (row["calib_level"] or 0)
            science = other["productType"] == "SCIENCE" and lower
            if (science or other["productType"] == "INFO") and other["productFilename"] not in self._older:
                yield other["productFilename"], f"listed with {row['obs_id']}"


def members(associations: Associations, obs_id: str) -> Needed:
    """The current associations of an observation, their pools and members."""
    for named in associations.of(obs_id):
        yield from files_of(named, obs_id)
        name, association = named
        for member in association.members():
            yield member.expname, f"{member.exptype} of {name}"


def files_of(named: Named, obs_id: str) -> Needed:
    """An association's own file, and its pool."""
    name, association = named
    yield name, f"association of {obs_id}"
    if association.pool:
        yield association.pool, f"pool of {name}"


def shutters(listing: Listing, visit: str) -> Needed:
    """The MSA configurations of a visit, which MAST files under AUXILIARY."""
    for other in listing.rows("suffix = 'msa' AND visit = ?", visit):
        yield other["productFilename"], f"MSA configuration of visit {visit}"
