"""Names of what moves: MAST has no position for such targets, so a cone around the name finds other things, or nothing.

Their rows are found by the proposer's name (``target_name``) and by ``mtFlag`` (MASTDOCS, "Moving targets").
"""

from __future__ import annotations

import re
from typing import Any

_NAMES = """
    mercury venus earth moon mars jupiter saturn uranus neptune pluto
    ceres vesta pallas juno psyche hygiea bennu ryugu apophis eros didymos dimorphos chiron chariklo
    eris haumea makemake sedna quaoar orcus gonggong varuna ixion salacia arrokoth
    phobos deimos io europa ganymede callisto amalthea thebe himalia
    mimas enceladus tethys dione rhea titan hyperion iapetus phoebe
    miranda ariel umbriel titania oberon puck triton nereid proteus charon nix hydra
    halley borisov atlas oumuamua
"""
_BODIES = frozenset(_NAMES.split())
"""Planets, dwarf planets, the moons and small bodies that large telescopes are asked for."""

_COMET = re.compile(r"(?P<kind>[CPDXAI])/(?P<year>\d{4})[\s-]*(?P<rest>[A-Z]{1,2}\d{0,4})\b.*", re.IGNORECASE)
_NUMBERED_COMET = re.compile(r"(?P<number>\d{1,4}[PDI])(?![\w.]).*", re.IGNORECASE)
_ASTEROID = re.compile(r"\(?(?P<number>\d{1,7})(?P<closed>\)\s*|[\s-]+)(?P<name>[A-Za-z][A-Za-z' -]+)")
_PROVISIONAL = re.compile(
    r"(?:\(?\d{1,7}\)?\s*)?(?P<year>(?:18|19|20)\d\d)[\s-]+(?P<rest>[A-Z]{2}\d{0,3})", re.IGNORECASE
)

_FLAMSTEED = 140
"""Stars are numbered as well (47 Tuc, 51 Pegasi), but only so far: up to 140 Tauri."""


def criteria(name: str) -> dict[str, Any] | None:
    """The criteria that find a target of the solar system; None if the name is not known to be one.

    The Minor Planet Center's forms of designations: ``C/2017 K2``, ``29P``, ``2003 UB313``, ``6481 Tenzing``, ``(16)
    Psyche``. Proposers write blanks as hyphens and add what they look at (``JUPITER-SOUTH-POLE``).
    """
    patterns = _patterns(" ".join(name.split()))
    return {"target_name": patterns, "mtFlag": True} if patterns else None


def _patterns(name: str) -> list[str]:
    if name.casefold() in _BODIES:
        return [name.upper(), f"{name.upper()}-*", f"*-{name.upper()}"]
    if found := _NUMBERED_COMET.fullmatch(name):
        return [f"{found['number'].upper()}*"]
    if found := _COMET.fullmatch(name) or _PROVISIONAL.fullmatch(name):
        return [f"*{found['year']}*{found['rest'].upper()}*"]
    if (found := _ASTEROID.fullmatch(name)) and _is_asteroid(found):
        return [f"*{found['name'].strip().upper().replace(' ', '-')}*"]
    return []


def _is_asteroid(found: re.Match[str]) -> bool:
    bracketed = found["closed"].startswith(")")
    return bracketed or int(found["number"]) > _FLAMSTEED or found["name"].strip().casefold() in _BODIES
