"""The facts the catalogue is made from, read from the TOML files in ``facts/``.

Those files are ours, written to be read: programs with their targets and observations, what each mode and
suffix is, filters' wavelengths. Everything else in the catalogue follows from them by rule.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib import resources
from typing import Any

from topmast_sandbox.clock import mjd

PROGRAM_FILES = (
    "primer.toml",
    "surveys.toml",
    "timeseries.toml",
    "solar_system.toml",
    "calibration.toml",
    "recalibration.toml",
    "exclusive.toml",
)


def load(name: str) -> dict[str, Any]:
    """One facts file, parsed."""
    text = resources.files(__package__).joinpath("facts", name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def words(name: str) -> list[str]:
    """A list of words of ``vocabulary.toml``."""
    said: str = load("vocabulary.toml")[name]
    return said.split()


@dataclass(frozen=True, slots=True)
class Suffix:
    """What a product suffix is (``suffixes.toml`` explains the fields)."""

    name: str
    level: int
    description: str
    shape: str
    type: str = "SCIENCE"
    derived: str = ""
    extension: str = "fits"
    hdus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mode:
    """What an exposure in one mode produces (``modes.toml`` explains the fields)."""

    name: str
    exp_type: str
    template: str
    exposure: tuple[str, ...]
    previews: tuple[str, ...]
    asn2: str
    product: str
    frame: tuple[int, int]
    readpatt: str
    aperture: str
    groups: int
    seconds: float
    fov: float
    detectors: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    long: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    derived_previews: tuple[str, ...] = ()
    asn3: str = ""
    subarray: str = "FULL"
    ints: int = 1
    tso: bool = False
    msa: bool = False
    ints_members: bool = False

    @property
    def instrument(self) -> str:
        """Instrument without its mode: ``MIRI``."""
        return self.name.partition("/")[0]

    @cached_property
    def leakage(self) -> Mode:
        """What an exposure of the closed shutters becomes: a rate file, which other exposures' stage 2 subtracts."""
        made = tuple(s for s in self.exposure if s in {"uncal", "rate", "rateints"})
        return replace(self, exposure=made, previews=("uncal", "rate"), asn2="", asn3="")


@dataclass(frozen=True, slots=True)
class Target:
    """A proposer's target. Moving targets have no usable coordinates."""

    id: int
    name: str
    ra: float | None = None
    dec: float | None = None
    classification: str = ""
    spellings: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation of a program, as a proposer would state it.

    ``setups`` are CAOM filter strings; NIRCam pairs its channels with ``+`` (``F090W+F277W``), MRS names its
    bands. ``guide`` is (identification attempts, tracks, fine-guide files; -1 = one per exposure). ``simultaneous``
    exposures share the visits of the entry before, with its number. ``direct`` is the observation whose image a
    slitless one needs. ``bare`` rows name the instrument without its mode. Without ``derive`` nothing is combined.

    ``ints`` integrations stand for the mode's, ``release_in_days`` for the program's.

    ``background`` and ``psf`` observations are there for others (a candidate says for which). ``imprints`` exposures of
    closed shutters follow each setup. With ``nods`` the other dithers are an exposure's background. With
    ``name_acquisition`` stage 3 associations name the target acquisition, as those made since 2023 do; the listings
    of the other programs are older than that.
    """

    number: int
    target: int
    mode: str
    setups: list[str]
    start: str
    dithers: int = 1
    visits: int = 1
    seconds: float = 0.0
    sources: int = 0
    source_digits: int = 9
    segments: int = 0
    guide: tuple[int, int, int] = (2, 1, -1)
    acquire: str = ""
    visible: bool = False
    derive: bool = True
    bare: bool = False
    long_region: bool = False
    hide_level2_asn: bool = False
    direct: int = 0
    simultaneous: bool = False
    wavefront: bool = False
    detectors: tuple[str, ...] = ()
    ints: int = 0
    background: bool = False
    psf: bool = False
    imprints: int = 0
    nods: bool = False
    name_acquisition: bool = False
    release_in_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Planned:
    """Rows of an observation that has not been executed."""

    observation: int
    target: int
    mode: str
    setups: list[str]
    seconds: float
    rights: str | None = "PUBLIC"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An association candidate that joins observations: ``c1001``, ``a3001``.

    `references` are the observations that the others are calibrated with: their background, or the star that their
    point-spread function is taken from. Without `setups` all are joined.
    """

    id: str
    observations: list[int]
    setups: list[str] = field(default_factory=list)
    kind: str = "mosaic"
    references: list[int] = field(default_factory=list)

    @property
    def joined(self) -> list[int]:
        """Every observation that it joins."""
        return [*self.observations, *self.references]


@dataclass(frozen=True, slots=True)
class Generation:
    """One making of a program's associations and pool; with `exposures`, when each setup had only so many."""

    processed: str
    cal_ver: str
    exposures: int = 0

    @property
    def stamp(self) -> str:
        """Version id of its associations and pool: ``20250911t184340``."""
        return _stamp(self.processed)

    def knows(self, exposure: int) -> bool:
        """Whether an exposure of this number had been taken then."""
        return not self.exposures or exposure <= self.exposures


@dataclass(frozen=True)
class Program:
    """An approved program and what it holds.

    `untaken` exposures (beginnings of their obs_ids, each with why) never came to the archive, and no association
    knows them; `lost` files are named by associations, and MAST does not have them. `earlier` is a generation of
    associations that is listed beside the one in force.
    """

    ordinal: int
    id: int
    pi: str
    title: str
    category: str
    targets: dict[int, Target]
    observations: list[Observation]
    planned: list[Planned]
    candidates: list[Candidate]
    exclusive_days: float = 0.0
    release: str = ""
    release_in_days: float = 0.0
    processed: str = "2025-09-11T18:43:40"
    cal_ver: str = "1.19.1"
    crds_ctx: str = "jwst_1413.pmap"
    sdp_ver: str = "2025_3a"
    asn_digits: int = 5
    restricted: bool = False
    cycle: int = 1
    untaken: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    earlier: Generation | None = None

    @property
    def number(self) -> str:
        """Five digits, as in file names."""
        return f"{self.id:05d}"

    @property
    def stamp(self) -> str:
        """Version id of its associations and pool: ``20250911t184340``."""
        return _stamp(self.processed)

    @cached_property
    def generations(self) -> list[Generation]:
        """Every generation of associations that is listed, the one in force first."""
        now = Generation(self.processed, self.cal_ver)
        return [now, self.earlier] if self.earlier else [now]

    def generation(self, filename: str) -> Generation:
        """The generation that an association or pool is of; of any other file, the one in force."""
        return next((g for g in self.generations if f"_{g.stamp}_" in filename), self.generations[0])


@cache
def _stamp(processed: str) -> str:
    return moment(processed).strftime("%Y%m%dt%H%M%S")


def moment(text: str) -> datetime:
    """An ISO time of the facts, as aware UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def start_mjd(text: str) -> float:
    """An ISO time of the facts, as MJD days."""
    return mjd(moment(text))


@cache
def suffixes() -> dict[str, Suffix]:
    """Product suffixes by name."""
    return {
        name: Suffix(name=name, **{**fields, "hdus": tuple(fields.get("hdus", ()))})
        for name, fields in load("suffixes.toml").items()
    }


@cache
def modes() -> dict[str, Mode]:
    """Modes by MAST's instrument_name."""
    tuples = ("exposure", "previews", "detectors", "short", "long", "derived", "derived_previews", "frame")
    found = {}
    for name, stated in load("modes.toml").items():
        fields: dict[str, Any] = {k: tuple(v) if k in tuples else v for k, v in stated.items()}
        found[name] = Mode(name=name, **fields)
    return found


@cache
def filters() -> dict[str, tuple[float, float]]:
    """Wavelength range of each filter, nm."""
    return {name: (float(low), float(high)) for name, (low, high) in load("filters.toml").items()}


@cache
def programs() -> dict[int, Program]:
    """All JWST programs by number, in the order of the facts files."""
    stated = [entry for name in PROGRAM_FILES for entry in load(name)["program"]]
    return {entry["id"]: _program(ordinal, entry) for ordinal, entry in enumerate(stated)}


def targets() -> Iterator[Target]:
    """Every target of every program."""
    for program in programs().values():
        yield from program.targets.values()


def _program(ordinal: int, entry: dict[str, Any]) -> Program:
    entry = dict(entry)
    earlier = entry.pop("earlier", None)
    return Program(
        ordinal=ordinal,
        targets={t["id"]: Target(**t) for t in entry.pop("targets")},
        observations=[Observation(**o) for o in entry.pop("observations", [])],
        planned=[Planned(**p) for p in entry.pop("planned", [])],
        candidates=[Candidate(**c) for c in entry.pop("candidates", [])],
        earlier=Generation(**earlier) if earlier else None,
        **entry,
    )
