"""Questions drawn from a seed, each as astroquery takes it and as topmast does, over rows drawn from the same seed.

The grid is columns × (exact, list, range, wildcard, several wildcards, one end of a range) × (cone, no cone).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.workflows.conftest import observation

SEED = 20260701
ROWS = 120
QUESTIONS = 240
CENTRE = (283.396, 33.029)

TEXTS: Mapping[str, list[str]] = {
    "obs_collection": ["JWST", "HST", "GALEX"],
    "instrument_name": ["MIRI/IMAGE", "MIRI/IFU", "NIRCAM/IMAGE", "NIRSPEC/IFU", "ACS/WFC", "GALEX"],
    "filters": ["F770W", "F1000W", "F150W2;F162M", "F444W;GRISMR", "F606W", "NUV"],
    "target_name": ["NGC6720", "NGC6720-HALO", "NGC-3132", "VV-191", "M57_EAST", "unidentified"],
    "proposal_pi": ["Wesson, Roger", "Pontoppidan, Klaus M.", "Hines, Dean C."],
    "proposal_id": ["1558", "2733", "1176", "12496"],
    "dataproduct_type": ["image", "spectrum", "cube"],
    "dataRights": ["PUBLIC", "EXCLUSIVE_ACCESS"],
    "wavelength_region": ["INFRARED", "OPTICAL;INFRARED", "UV"],
}
NUMBERS = {"t_exptime": (0.0, 3000.0), "t_min": (59_700.0, 60_500.0), "em_min": (600.0, 28_000.0)}
WHOLE = {"calib_level": [-1, 1, 2, 3]}
KINDS = ("exact", "list", "range", "wildcard", "several wildcards", "one end", "one number", "whole", "moving")


@dataclass
class Question:
    """The same question twice.

    Attributes
    ----------
    theirs, ours
        Criteria for ``Observations.query_criteria``, and for ``POST /v1/searches``.
    sent
        Ours again, but as astroquery sends it, where `defect` says why that is something else.
    refused
        Whether astroquery refused to ask at all, having dropped the only filter.
    """

    kinds: tuple[str, ...]
    theirs: dict[str, Any]
    ours: dict[str, Any]
    cone: tuple[float, float, float] | None
    sent: dict[str, Any] = field(default_factory=dict)
    defect: str | None = None
    refused: bool = False

    @property
    def target(self) -> str | None:
        """The cone as topmast takes it."""
        return None if self.cone is None else "{} {} r={}d".format(*self.cone)


def rows() -> list[dict[str, Any]]:
    """The catalogue: every column filled now and then, nulls and -999 among them."""
    draw = random.Random(SEED)  # noqa: S311 - the same rows every time
    return [_row(draw, number) for number in range(1, ROWS + 1)]


def _row(draw: random.Random, number: int) -> dict[str, Any]:
    texts = {name: draw.choice([*values, ""] if name != "obs_collection" else values) for name, values in TEXTS.items()}
    numbers = {name: draw.choice([round(draw.uniform(*ends), 3), ""]) for name, ends in NUMBERS.items()}
    near = draw.random() < 0.8
    place = {axis: round(at + draw.uniform(-0.01, 0.01), 6) if near else "" for axis, at in zip(
        ("s_ra", "s_dec"), CENTRE, strict=True)}  # fmt: skip
    more = {
        "calib_level": draw.choice(WHOLE["calib_level"]),
        "sequence_number": draw.choice([-999, 1, 2, ""]),
        "mtFlag": draw.choice(["true", "false", ""]),
        "obs_title": draw.choice(["A title, with a comma", "Über den Ring", ""]),
        "t_obs_release": draw.choice([59_800.5, ""]),
    }
    return observation(number, f"jw{number:05}-o001_t001_row", **texts, **numbers, **place, **more)


def questions() -> Iterator[Question]:
    """Every kind, alone and with others, in turn."""
    draw = random.Random(SEED + 1)  # noqa: S311 - likewise
    for number in range(QUESTIONS):
        kinds = (
            KINDS[number % len(KINDS)],
            *draw.sample(("exact", "list", "range", "wildcard"), draw.choice([0, 0, 1, 2])),
        )
        cone = (*CENTRE, round(draw.uniform(0.002, 0.012), 6)) if number % 2 else None
        yield _question(draw, kinds, cone)


def _question(draw: random.Random, kinds: tuple[str, ...], cone: tuple[float, float, float] | None) -> Question:
    made = Question(kinds, {}, {}, cone)
    for kind in kinds:
        _add(draw, made, kind)
    return made


def _add(draw: random.Random, question: Question, kind: str) -> None:
    name = _column(draw, question, kind)
    theirs, ours, sent = _criterion(draw, kind, name)
    question.theirs[name], question.ours[name] = theirs, ours
    if sent is not _AS_ASKED:
        question.defect = "mast-protocol §2.6 and §16.13: the filter is dropped, or all its wildcards but one"
    if sent is not None:
        question.sent[name] = ours if sent is _AS_ASKED else sent


_AS_ASKED: Any = object()
"""astroquery sends what was asked; None: it sends no filter for the column."""


def _column(draw: random.Random, question: Question, kind: str) -> str:
    pools = {"range": NUMBERS, "one end": NUMBERS, "one number": NUMBERS, "whole": WHOLE, "moving": ["mtFlag"]}
    return draw.choice([name for name in pools.get(kind, TEXTS) if name not in question.theirs])


def _criterion(draw: random.Random, kind: str, name: str) -> tuple[Any, Any, Any]:
    """The criterion for astroquery, for topmast, and what astroquery makes of its own."""
    if kind in {"range", "one end", "one number"}:
        return _numbers(draw, kind, name)
    if kind == "moving":
        return (truth := draw.choice([True, False])), truth, _AS_ASKED
    values: list[Any] = list(WHOLE.get(name) or TEXTS[name])
    if kind == "exact":
        value = draw.choice([str.lower, str.upper, str])(draw.choice(values))
        return value, value, _AS_ASKED
    if kind in {"list", "whole"}:
        some = draw.sample(values, draw.randint(1, len(values) - 1))
        return some, some, _AS_ASKED
    patterns = draw.sample([_pattern(draw, value) for value in values], 1 if kind == "wildcard" else 2)
    if kind == "wildcard":
        return patterns[0], patterns[0], _AS_ASKED
    return patterns, patterns, patterns[0]


def _numbers(draw: random.Random, kind: str, name: str) -> tuple[Any, Any, Any]:
    low, high = sorted(round(draw.uniform(*NUMBERS[name]), 3) for _ in range(2))
    if kind == "range":
        return [low, high], {"min": low, "max": high}, _AS_ASKED
    return ([low], {"min": low}, None) if kind == "one end" else (low, low, None)


def _pattern(draw: random.Random, value: str) -> str:
    start, end = sorted(draw.sample(range(len(value) + 1), 2))
    return draw.choice([f"{value[:end]}*", f"*{value[start:]}", f"*{value[start:end]}*"])
