"""The Portal's search box: a name or coordinates, then perhaps a radius. ``m57 r=1m``, ``283.396 33.029 r=30s``.

Syntax of the MAST Portal's search field (MASTDOCS, "Basic Searches"; MAST Primer for JWST): ``r=`` with s, m or d.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from topmast_service.errors import BadTarget

DEFAULT_RADIUS = 0.05
"""Degrees: 3 arcmin, the mission search's own default. (The Portal's 0.2° takes in the neighbours.)"""

MAX_RADIUS = 30.0
"""Degrees; beyond that a cone is a whole-sky query in disguise."""

_UNITS = {"s": 1 / 3600, "m": 1 / 60, "d": 1.0}
_RADIUS = re.compile(r"[\s,]+r\s*=\s*(?P<value>[^\s=]*?)(?P<unit>[a-zA-Z°'\"]*)\s*$")
_NUMBER = r"[+-]?\d+(?:\.\d*)?"
_DEGREES = re.compile(rf"(?P<ra>{_NUMBER})[\s,]+(?P<dec>{_NUMBER})")
_SEXAGESIMAL = re.compile(
    r"(?P<h>\d{1,2})[:h\s]\s*(?P<m>\d{1,2})[:m\s]\s*(?P<s>\d{1,2}(?:\.\d*)?)s?[\s,]+"
    r"(?P<sign>[+-]?)(?P<d>\d{1,2})[:d°\s]\s*(?P<am>\d{1,2})[:m'\s]\s*(?P<as>\d{1,2}(?:\.\d*)?)s?\"?"
)
_MAX_NAME = 100


@dataclass(frozen=True)
class Target:
    """A cone. `name` is set when a resolver must say where it is; otherwise `ra` and `dec`. All in degrees, ICRS."""

    text: str
    name: str | None
    ra: float | None
    dec: float | None
    radius: float
    radius_given: bool


def parse(text: str) -> Target:
    """Read what a user would type into the Portal.

    Raises
    ------
    BadTarget
        Empty, a radius without unit or out of range, coordinates off the sphere.
    """
    position, radius = _split_radius(text.strip())
    ra, dec = _coordinates(position)
    name = position if ra is None else None
    if not position or len(position) > _MAX_NAME or not position.isprintable():
        raise BadTarget("The target is empty or longer than a name can be.")
    return Target(text, name, ra, dec, DEFAULT_RADIUS if radius is None else radius, radius is not None)


def _split_radius(text: str) -> tuple[str, float | None]:
    found = _RADIUS.search(text)
    if found is None:
        if re.search(r"\br\s*=", text):
            raise BadTarget("A radius comes last, like `m57 r=1m`.")
        return text, None
    return text[: found.start()].strip(), _radius(found["value"], found["unit"])


def _radius(value: str, unit: str) -> float:
    if unit not in _UNITS:
        raise BadTarget(
            f"The radius r={value}{unit} has no unit that is known.",
            hint="Write s, m or d behind it: `r=1m` is one arcminute.",
        )
    try:
        radius = float(value) * _UNITS[unit]
    except ValueError:
        raise BadTarget(f"The radius r={value}{unit} is not a number.") from None
    if not 0 < radius <= MAX_RADIUS:
        raise BadTarget(f"The radius must be above 0 and at most {MAX_RADIUS:g} degrees.")
    return radius


def _coordinates(text: str) -> tuple[float | None, float | None]:
    if found := _DEGREES.fullmatch(text):
        ra, dec = float(found["ra"]), float(found["dec"])
    elif found := _SEXAGESIMAL.fullmatch(text):
        ra = 15 * (int(found["h"]) + int(found["m"]) / 60 + float(found["s"]) / 3600)
        dec = int(found["d"]) + int(found["am"]) / 60 + float(found["as"]) / 3600
        dec = -dec if found["sign"] == "-" else dec
    else:
        return None, None
    if not (0 <= ra < 360 and -90 <= dec <= 90):
        raise BadTarget(f"{ra:g} {dec:g} is not on the sphere: 0 ≤ ra < 360, -90 ≤ dec ≤ 90 degrees.")
    return ra, dec
