"""What the pipeline needs to make the chosen products anew, from uncal, rate or cal files on.

From cal on it is the association of stage 3 and its members. Before that each member exposure has an association of
its own, of stage 2, that names its count-rate files, the backgrounds and imprints to be subtracted, the direct image
and catalogs; from uncal on these count-rate files are made from raw ones, all segments of them. What an association
names that is no exposure (catalogs, segmentation maps, direct images) is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from topmast_service.domain import lineage
from topmast_service.domain.lineage import ExposureFile
from topmast_service.store.listing import Listing
from topmast_service.workflows.planning.associations import Associations, Named
from topmast_service.workflows.planning.parents import Needed, files_of, shutters


@dataclass
class Start:
    """Tells what is needed to begin at `stage`; the products that are to be made are not delivered themselves."""

    listing: Listing
    associations: Associations
    stage: str

    def begin(self, names: list[str]) -> Needed:
        """What the products named are made from."""
        if self.stage != lineage.CAL:
            self.associations.warm()
        for name in names:
            yield from self._of_product(name)

    def of(self, name: str) -> Needed:
        """Nothing: the needs of a need lie before the stage that was asked for."""
        return iter(())

    def _of_product(self, name: str) -> Needed:
        row = self.listing.named(name)
        if row is None:
            return
        last = [named for named in self.associations.of(row["obs_id"]) if named[1].stage == 3]
        for named in last:
            yield from files_of(named, row["obs_id"])
            for member in named[1].members():
                yield from self._member(member.expname, f"{member.exptype} of {named[0]}")
        if not last:  # an exposure that nothing combines: a target acquisition, or a file that was asked for itself
            yield from self._member(name, f"to make {name}")

    def _member(self, name: str, why: str) -> Needed:
        exposure = lineage.exposure_file(name)
        if exposure is None or self.stage == lineage.CAL:
            yield name, why
            return
        yield from shutters(self.listing, exposure.visit_id)
        first = [named for named in self.associations.of(exposure.obs_id) if named[1].stage == 2]
        for named in first:
            yield from files_of(named, exposure.obs_id)
            for member in named[1].members():
                yield from self._rate(member.expname, f"{member.exptype} of {named[0]}", named)
        for rate in () if first else lineage.rates(exposure):
            yield from self._rate(rate, why, None)

    def _rate(self, name: str, why: str, named: Named | None) -> Needed:
        """A count-rate file, or the raw one it is made of; where it is a segment, all of them."""
        exposure = lineage.exposure_file(name)
        if exposure is None:
            yield name, why
            return
        suffix = lineage.UNCAL if self.stage == lineage.UNCAL else exposure.suffix
        yield exposure.at(suffix), why
        for number in self._segments(exposure, named):
            yield f"{exposure.segment_obs_id(number)}_{suffix}.fits", f"segment {number} of {exposure.stem}"

    def _segments(self, exposure: ExposureFile, named: Named | None) -> Iterable[int]:
        """The numbers of all segments: as many as the pool counts (EXSEGTOT), and those that are listed."""
        if not exposure.segment:
            return ()
        same = "exposure = ? AND detector = ? AND segment IS NOT NULL"
        listed = {row["segment"] for row in self.listing.rows(same, exposure.stem, exposure.detector)}
        pool = self.associations.pool_of(named) if named else ()
        counted = [row.segments or 0 for row in pool if (row.stem, row.detector) == (exposure.stem, exposure.detector)]
        return sorted(listed | set(range(1, max(counted, default=0) + 1)))
