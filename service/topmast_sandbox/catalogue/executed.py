"""What an executed program consists of: visits, exposures, and the products combined from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from topmast_sandbox.catalogue import facts, names
from topmast_sandbox.catalogue.facts import Mode, Observation, Program, Target


@dataclass(slots=True)
class Visit:
    """A visit and how many guide-star files it made."""

    id: str
    observation: Observation
    start: float
    attempts: int
    tracks: int
    fine: int = 0


@dataclass(slots=True)
class Exposure:
    """One exposure of one detector: CAOM's simple observation."""

    obsid: int
    program: Program
    observation: Observation
    mode: Mode
    target: Target
    visit: Visit
    stem: str
    detector: str
    setup: str
    start: float
    seconds: float
    number: int
    count: int
    segment: int = 0
    acquisition: bool = False
    msa: str = ""

    @property
    def obs_id(self) -> str:
        """``jw01558001001_02101_00001_mirimage``, with its segment for long time series."""
        segment = f"-seg{self.segment:03d}" if self.segment else ""
        return f"{self.stem}{segment}_{self.detector}"

    @property
    def asn(self) -> str:
        """Its stage 2 association."""
        p = self.program
        return names.association(
            p.number, f"o{self.observation.number:03d}", p.stamp, self.mode.asn2, count=self.count, digits=p.asn_digits
        )


@dataclass(slots=True)
class Derived:
    """A target-level product: CAOM's derived observation, with the exposures it was made from."""

    obsid: int
    program: Program
    observation: Observation
    mode: Mode
    target: Target
    candidate: str
    subject: str
    optics: str
    setup: str
    members: list[Exposure]
    count: int
    linked: list[Derived] = field(default_factory=list)

    @property
    def obs_id(self) -> str:
        """``jw01558-o001_t001_miri_f1000w``."""
        return names.derived_stem(self.program.number, self.candidate, self.subject, self.mode.instrument, self.optics)

    @property
    def asn(self) -> str:
        """Its stage 3 association; sources of one setup share it."""
        p = self.program
        return names.association(
            p.number, self.candidate, p.stamp, self.mode.asn3, count=self.count, digits=p.asn_digits
        )


@dataclass(slots=True)
class Unexecuted:
    """A planned observation: one row, no files."""

    obsid: int
    program: Program
    planned: facts.Planned
    mode: Mode
    target: Target
    setup: str
    obs_id: str
