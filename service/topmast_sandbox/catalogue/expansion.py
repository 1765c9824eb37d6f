"""From a program's facts to its exposures, visits and target-level products.

The rules of the archive, in order: an observation is executed in visits; a visit takes, for each setup, one
exposure per dither with each detector; exposures of one setup and channel are combined per target, or per
source where the mode is source-based.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from topmast_sandbox.catalogue import facts, names
from topmast_sandbox.catalogue.executed import Derived, Exposure, Unexecuted, Visit
from topmast_sandbox.catalogue.facts import Mode, Observation, Program

OBSID_BASE = 70_000_000
OBSIDS_PER_PROGRAM = 100_000
_FIRST_DERIVED = 40_000
_FIRST_PLANNED = 90_000
_OVERHEAD = 30.0  # seconds between exposures: dither and readout
_MRS_CHANNELS = (("CH1", "mirifushort"), ("CH2", "mirifushort"), ("CH3", "mirifulong"), ("CH4", "mirifulong"))


class Step(NamedTuple):
    """One pointing of a visit: visit group, activity and exposure number are what its name will say."""

    observation: Observation
    mode: Mode
    setup: str
    group: int
    activity: int
    number: int
    acquisition: bool = False
    imprint: bool = False

    @property
    def seconds(self) -> float:
        """Exposure time: the observation's, else the mode's."""
        return self.mode.seconds if self.acquisition else self.observation.seconds or self.mode.seconds


class Group(NamedTuple):
    """Exposures that one target-level product (or one per source) combines."""

    setup: str
    optics: str
    members: list[Exposure]


class Plan:
    """Everything a program holds, expanded once and kept.

    Attributes
    ----------
    exposures, derived, unexecuted
        In the order of the facts.
    visits
        By VISIT_ID.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.visits: dict[str, Visit] = {}
        self.exposures: list[Exposure] = []
        self.derived: list[Derived] = []
        self._asn2 = 0
        self._asn3 = 0
        for observation in program.observations:
            self._execute(observation)
        for candidate in program.candidates:
            self._join(candidate)
        self.unexecuted = list(self._planned())
        executed: list[Exposure | Derived] = [*self.derived, *self.exposures]
        self.by_obs_id = {x.obs_id: x for x in executed}
        self.by_obsid: dict[int, Exposure | Derived | Unexecuted] = {x.obsid: x for x in executed}
        self.by_obsid.update((x.obsid, x) for x in self.unexecuted)

    @cached_property
    def by_asn(self) -> dict[str, Exposure | Derived]:
        """Who owns each association; sources that share one, the first of them."""
        owners: dict[str, Exposure | Derived] = {name: x for x in self.exposures for name in x.asns}
        return owners | {name: x for x in reversed(self.derived) for name in x.asns}

    @cached_property
    def firsts(self) -> dict[str, Exposure]:
        """The first exposure of each visit."""
        return {x.visit.id: x for x in reversed(self.exposures)}

    @property
    def pools(self) -> list[str]:
        """The program's association pools, the one in force first."""
        return [names.pool(self.program.number, made.stamp) for made in self.program.generations]

    @property
    def pool(self) -> str:
        """The program's association pool in force."""
        return self.pools[0]

    @property
    def _base(self) -> int:
        return OBSID_BASE + self.program.ordinal * OBSIDS_PER_PROGRAM

    def owners(self) -> Iterator[Exposure | Derived | Visit]:
        """Everything that has files of its own."""
        yield from self.derived
        yield from self.exposures
        yield from self.visits.values()

    def rows(self) -> Iterator[Exposure | Derived | Unexecuted]:
        """What a search finds: target-level products, exposures that no product combines, planned ones."""
        yield from self.derived
        yield from (x for x in self.exposures if x.observation.visible or not combined(x))
        yield from self.unexecuted

    def _execute(self, observation: Observation) -> None:
        first = len(self.exposures)
        start = facts.start_mjd(observation.start)
        for number in range(1, observation.visits + 1):
            start = self._visit(observation, number, start) + 0.02
        if observation.derive and facts.modes()[observation.mode].asn3:
            self._combine(observation, self.exposures[first:])

    def _visit(self, observation: Observation, number: int, start: float) -> float:
        """Take one visit's exposures; returns when it ended (MJD)."""
        attempts, tracks, fine = observation.guide
        id_ = names.visit_id(self.program.number, observation.number, number)
        visit = self.visits.setdefault(id_, Visit(id_, observation, start, attempts, tracks))
        at, taken = visit.start + 0.01, 0
        for step in _steps(observation):
            at = self._expose(visit, step, at)
            taken += 1
        visit.fine = max(visit.fine, taken if fine < 0 else fine)
        visit.exposures = max(visit.exposures, taken)
        return at

    def _expose(self, visit: Visit, step: Step, at: float) -> float:
        """One exposure with every detector of the mode; returns when it ended (MJD)."""
        observation, mode = step.observation, step.mode
        segments = range(1, observation.segments + 1) if observation.segments and mode.tso else (0,)
        for detector, channel in _detectors(mode, observation, step.setup):
            for segment in segments:
                self._asn2 += 1
                exposure = Exposure(
                    obsid=self._base + len(self.exposures) + 1,
                    program=self.program,
                    observation=observation,
                    mode=mode,
                    target=self.program.targets[observation.target],
                    visit=visit,
                    stem=names.exposure_stem(visit.id, step.activity, step.number, group=step.group),
                    detector=detector,
                    setup=channel,
                    start=at,
                    seconds=step.seconds,
                    number=step.number,
                    count=self._asn2,
                    segment=segment,
                    acquisition=step.acquisition,
                    imprint=step.imprint,
                    msa=f"jw{visit.id}_01_msa.fits" if mode.msa else "",
                )
                if not exposure.obs_id.startswith(tuple(self.program.untaken)):
                    self.exposures.append(exposure)
        return at + (step.seconds + _OVERHEAD) / 86400

    def _combine(self, observation: Observation, exposures: list[Exposure]) -> None:
        mode = facts.modes()[observation.mode]
        candidate = f"o{observation.number:03d}"
        for group in _groups(mode, _combinable(exposures)):
            self._asn3 += 1
            for subject in _subjects(observation):
                self._derive(observation, candidate, subject, group)

    def _join(self, candidate: facts.Candidate) -> None:
        """An association that joins the exposures of several observations."""
        taken = _combinable(self.exposures)
        members = [x for x in taken if x.observation.number in candidate.observations]
        observation = members[0].observation
        groups = {group.setup: group for group in _groups(members[0].mode, members)}
        for setup in candidate.setups or groups:
            self._asn3 += 1
            self._derive(observation, candidate.id, f"t{observation.target:03d}", groups[setup])
            seen = {(x.setup, x.detector) for x in groups[setup].members}
            self.derived[-1].references = [
                x for x in taken if x.observation.number in candidate.references and (x.setup, x.detector) in seen
            ]

    def _derive(self, observation: Observation, candidate: str, subject: str, group: Group) -> None:
        named = {x.observation.number for x in group.members if x.observation.name_acquisition}
        self.derived.append(
            Derived(
                obsid=self._base + _FIRST_DERIVED + len(self.derived),
                program=self.program,
                observation=observation,
                mode=group.members[0].mode,
                target=self.program.targets[observation.target],
                candidate=candidate,
                subject=subject,
                optics=group.optics,
                setup=group.setup,
                members=group.members,
                count=self._asn3,
                linked=self.images(observation),
                acquisitions=[x for x in self.exposures if x.acquisition and x.observation.number in named],
            )
        )

    def images(self, observation: Observation) -> list[Derived]:
        """The direct image of a slitless observation, if it has one."""
        return [d for d in self.derived if observation.direct and d.observation.number == observation.direct][:1]

    def companions(self, exposure: Exposure) -> Iterator[tuple[str, Exposure]]:
        """What the stage 2 association of an exposure names beside it, and as what: backgrounds, leakage."""
        own = exposure.observation.number
        dedicated = {n for c in self.program.candidates if c.id == exposure.candidate for n in c.references}
        if exposure.acquisition or not (dedicated or exposure.observation.nods or exposure.observation.imprints):
            return
        for x in self.exposures:
            if x.acquisition or x is exposure or (x.setup, x.detector) != (exposure.setup, exposure.detector):
                continue
            if x.imprint and x.observation.number in {own, *dedicated}:
                yield "imprint", x
            elif x.observation.number in dedicated or (exposure.observation.nods and x.observation.number == own):
                yield "background", x

    def _planned(self) -> Iterator[Unexecuted]:
        count = 0
        for planned in self.program.planned:
            mode = facts.modes()[planned.mode]
            visit = names.visit_id(self.program.number, planned.observation, 1)
            for order, setup in enumerate(planned.setups, start=1):
                count += 1
                yield Unexecuted(
                    obsid=self._base + _FIRST_PLANNED + count,
                    program=self.program,
                    planned=planned,
                    mode=mode,
                    target=self.program.targets[planned.target],
                    setup=setup,
                    obs_id=f"jw{visit}_xx1{order:02d}_{order:05d}_{mode.instrument.lower()}",
                )


def combined(exposure: Exposure) -> bool:
    """Whether a target-level product hides this exposure from searches."""
    derived = exposure.observation.derive or len(exposure.candidates) > 1
    return bool(exposure.mode.asn3) and derived and not exposure.acquisition


def _combinable(exposures: list[Exposure]) -> list[Exposure]:
    return [x for x in exposures if not x.acquisition and not x.imprint]


def _steps(observation: Observation) -> Iterator[Step]:
    """A visit's pointings in order: target acquisition first (visit group 2), then each setup's dithers and leakage."""
    group = 2
    if observation.acquire:
        acquisition = facts.modes()[observation.acquire]
        setup = "F1000W" if acquisition.instrument == "MIRI" else "F110W" if "NIRSPEC" in acquisition.name else "F335M"
        yield Step(observation, acquisition, setup, group, 1, 1, acquisition=True)
    if observation.acquire or observation.simultaneous:
        group = 3
    mode, activity = facts.modes()[observation.mode], 0
    for setup in observation.setups:
        activity += 1
        for dither in range(1, observation.dithers + 1):
            yield Step(observation, mode, setup, group, activity, dither)
        activity += bool(observation.imprints)
        for dither in range(1, observation.imprints + 1):
            yield Step(observation, mode.leakage, setup, group, activity, dither, imprint=True)


def _detectors(mode: Mode, observation: Observation, setup: str) -> Iterator[tuple[str, str]]:
    """(detector, filters it sees) of one exposure. NIRCam's two channels see different filters."""
    if not mode.short:
        yield from ((d, setup) for d in mode.detectors if not observation.detectors or d in observation.detectors)
        return
    short, _, long = setup.partition("+")
    for detectors, filters in ((mode.short, short), (mode.long, long)):
        yield from (
            (d, filters) for d in detectors if filters and (not observation.detectors or d in observation.detectors)
        )


def _groups(mode: Mode, exposures: list[Exposure]) -> Iterator[Group]:
    """What is combined with what: one product per setup and channel; MRS makes one per wavelength channel."""
    if mode.name == "MIRI/IFU":
        bands = "".join(dict.fromkeys(x.setup.lower() for x in exposures))
        for channel, detector in _MRS_CHANNELS:
            members = [x for x in exposures if x.detector == detector]
            yield Group(channel, f"{channel.lower()}-{bands}", members)
        return
    for setup in dict.fromkeys(x.setup for x in exposures):
        optics = names.optics(setup, mode.name, mode.subarray)
        yield Group(setup, optics, [x for x in exposures if x.setup == setup])


def _subjects(observation: Observation) -> Iterator[str]:
    """``t001``, or one ``s000001234`` per source of a source-based mode."""
    if not observation.sources:
        yield f"t{observation.target:03d}"
        return
    for index in range(observation.sources):
        number = observation.number * 1000 + 7 + index * 13
        yield f"s{number:0{observation.source_digits}d}"
