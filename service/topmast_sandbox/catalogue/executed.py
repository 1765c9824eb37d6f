"""What an executed program consists of: visits, exposures, and the products combined from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from topmast_sandbox.catalogue import facts, names
from topmast_sandbox.catalogue.facts import Candidate, Generation, Mode, Observation, Program, Target


@dataclass(slots=True)
class Visit:
    """A visit, how many guide-star files it made, and how many exposures it was to take."""

    id: str
    observation: Observation
    start: float
    attempts: int
    tracks: int
    fine: int = 0
    exposures: int = 0


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
    imprint: bool = False
    msa: str = ""

    @property
    def obs_id(self) -> str:
        """``jw01558001001_02101_00001_mirimage``, with its segment for long time series."""
        segment = f"-seg{self.segment:03d}" if self.segment else ""
        return f"{self.stem}{segment}_{self.detector}"

    @property
    def asns(self) -> list[str]:
        """Its stage 2 associations, the one in force first."""
        return [_association(self.program, self.candidate, self.mode.asn2, self.count, g) for g in self.generations]

    @property
    def generations(self) -> list[Generation]:
        """Generations of associations that it has one of; none where the mode ends at stage 1."""
        return [g for g in self.program.generations if self.mode.asn2 and g.knows(self.number)]

    @property
    def ints(self) -> int:
        """Integrations."""
        return self.observation.ints or self.mode.ints

    @property
    def asn(self) -> str:
        """Its stage 2 association in force; empty without one."""
        return next(iter(self.asns), "")

    @property
    def candidates(self) -> list[tuple[str, str]]:
        """Association candidates it belongs to: its observation, then those that join observations."""
        number = self.observation.number
        joined = [(c.id, c.kind) for c in self.program.candidates if number in c.joined]
        return [(f"o{number:03d}", "observation"), *joined]

    @property
    def candidate(self) -> str:
        """Whose stage 2 association it has: that of the candidate which brings its background, where there is one."""
        bringing = (c.id for c in self.program.candidates if c.kind == "background" and self._served(c))
        return next(bringing, f"o{self.observation.number:03d}")

    def _served(self, candidate: Candidate) -> bool:
        return self.observation.number in candidate.observations and not self.acquisition

    @property
    def pattern(self) -> str:
        """PATTTYPE; the dithers of what was taken once are somebody else's."""
        once = self.acquisition or self.observation.dithers == 1
        return "NONE" if once else f"{self.observation.dithers}-POINT-DITHER"

    @property
    def segments(self) -> int | None:
        """EXSEGTOT; None for what is not split."""
        return self.observation.segments if self.segment else None


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
    references: list[Exposure] = field(default_factory=list)
    acquisitions: list[Exposure] = field(default_factory=list)

    @property
    def obs_id(self) -> str:
        """``jw01558-o001_t001_miri_f1000w``."""
        return names.derived_stem(self.program.number, self.candidate, self.subject, self.mode.instrument, self.optics)

    @property
    def taken(self) -> list[Exposure]:
        """Every exposure that its association names; the first is a member."""
        return [*self.members, *self.references, *self.acquisitions]

    @property
    def asns(self) -> list[str]:
        """Its stage 3 associations, the one in force first; sources of one setup share them."""
        p = self.program
        return [_association(p, self.candidate, self.mode.asn3, self.count, g) for g in p.generations]

    @property
    def asn(self) -> str:
        """Its stage 3 association in force."""
        return self.asns[0]


def _association(p: Program, candidate: str, kind: str, count: int, made: Generation) -> str:
    """Its name; numbers are given anew with every generation."""
    number = count if made.stamp == p.stamp else count + 1
    return names.association(p.number, candidate, made.stamp, kind, count=number, digits=p.asn_digits)


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
