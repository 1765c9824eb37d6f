"""The Portal's search box: a name or coordinates, then perhaps a radius. ``m57 r=1m``, ``283.396 33.029 r=30s``.

Syntax of the MAST Portal's search field (MASTDOCS, "Basic Searches"; MAST Primer for JWST): a name, or right ascension
and declination as degrees or sexagesimal, then ``r=`` with s, m or d. Galactic coordinates are marked: ``gal 63.17
13.98``, ``63.17 13.98 galactic`` or ``l=63.17 b=13.98``. (``G029.96-00.02`` is the name of a catalogued source, which a
resolver knows better than we.) What consists of numbers and yet is no position is refused: no resolver knows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from topmast_service.domain import galactic
from topmast_service.errors import BadTarget

DEFAULT_RADIUS = 0.05
"""Degrees: 3 arcmin, the mission search's own default. (The Portal's 0.2° takes in the neighbours.)"""

MAX_RADIUS = 30.0
"""Degrees; beyond that a cone is a whole-sky query in disguise."""

_UNITS = {
    "s": 1 / 3600, "arcsec": 1 / 3600, '"': 1 / 3600, "m": 1 / 60, "arcmin": 1 / 60, "'": 1 / 60,
    "d": 1.0, "deg": 1.0, "°": 1.0,
}  # fmt: skip
_RADIUS = re.compile(r"(?:^|[\s,]+)r(?:adius)?\s*=\s*", re.IGNORECASE)
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_SIZE = re.compile(rf"(?P<value>{_NUMBER})\s*(?P<unit>[a-zA-Z°'\"]*)", re.ASCII)
_PART = r"\d{1,2}"
_NEXT = r"(?:[\s,]+|(?=[+-]))"
_DEGREES = re.compile(rf"(?P<ra>{_NUMBER})[d°]?{_NEXT}(?P<dec>{_NUMBER})[d°]?", re.ASCII)
_SEXAGESIMAL = re.compile(
    rf"(?P<h>{_PART})[:h\s]\s*(?P<m>{_PART})[:m\s]\s*(?P<s>{_PART}(?:\.\d*)?)s?{_NEXT}"
    rf"(?P<sign>[+-]?)(?P<d>{_PART})[:d°\s]\s*(?P<am>{_PART})[:m'\s]\s*(?P<as>{_PART}(?:\.\d*)?)(?:s|\"|'')?",
    re.IGNORECASE | re.ASCII,
)
_FRAME = re.compile(
    r"(?:(?P<before>[a-z]+\d*)[:\s]\s*)?(?P<rest>[\d+.-].*?)(?:\s+(?P<behind>[a-z]+\d*))?", re.IGNORECASE
)
_LONGITUDE = re.compile(rf"l\s*=\s*(?P<l>{_NUMBER})[\s,]+b\s*=\s*(?P<b>{_NUMBER})", re.IGNORECASE | re.ASCII)
_GALACTIC, _EQUATORIAL = frozenset({"gal", "galactic"}), frozenset({"eq", "icrs", "fk5", "j2000"})
_OTHER_FRAMES = frozenset({"b1950", "fk4", "ecl", "ecliptic", "supergalactic"})
_NUMBERS_ONLY = re.compile(r"[\d\s.,:+°'\"-]+")
_MAX_NAME = 100
_WITH_UNIT = "Write s, m or d behind it: `r=1m` is one arcminute."


@dataclass(frozen=True)
class Target:
    """A cone. `name` is set when a resolver must say where it is; otherwise `ra` and `dec`. All in degrees, ICRS.

    `galactic` is the longitude and latitude that `ra` and `dec` were worked out from.
    """

    text: str
    name: str | None
    ra: float | None
    dec: float | None
    radius: float
    radius_given: bool
    galactic: tuple[float, float] | None = None


def parse(text: str) -> Target:
    """Read what a user would type into the Portal.

    Raises
    ------
    BadTarget
        Empty, a radius without unit or out of range, coordinates off the sphere, numbers that are no coordinates.
    """
    position, radius = _split_radius(text.strip())
    asked = (DEFAULT_RADIUS if radius is None else radius, radius is not None)
    if not position or len(position) > _MAX_NAME or not position.isprintable():
        raise BadTarget("The target is empty or longer than a name can be.")
    if lb := _galactic(position):
        return Target(text, None, *galactic.to_icrs(*lb), *asked, lb)
    if at := _equatorial(position):
        return Target(text, None, *at, *asked)
    if _NUMBERS_ONLY.fullmatch(position):
        raise BadTarget(f"{position!r} is neither a name nor a pair of coordinates.")
    return Target(text, position, None, None, *asked)


def _split_radius(text: str) -> tuple[str, float | None]:
    position, *sizes = _RADIUS.split(text)
    if len(sizes) > 1 or (sizes and not position.strip()):
        raise BadTarget("A radius comes once and last, like `m57 r=1m`.")
    return position.strip(), _radius(sizes[0].strip()) if sizes else None


def _radius(text: str) -> float:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise BadTarget(f"The radius r={text} is not a number with a unit.", hint=_WITH_UNIT)
    if found["unit"].lower() not in _UNITS:
        raise BadTarget(f"The radius r={text} has no unit that is known.", hint=_WITH_UNIT)
    radius = float(found["value"]) * _UNITS[found["unit"].lower()]
    if not 0 < radius <= MAX_RADIUS:
        raise BadTarget(f"The radius must be above 0 and at most {MAX_RADIUS:g} degrees.")
    return radius


def _galactic(text: str) -> tuple[float, float] | None:
    if found := _LONGITUDE.fullmatch(text):
        return _on_sphere(float(found["l"]), float(found["b"]), "l", "b")
    frame, rest = _framed(text)
    if frame not in _GALACTIC:
        return None
    if (found := _DEGREES.fullmatch(rest)) is None:
        raise BadTarget("Galactic coordinates are two numbers in degrees, like `gal 63.17 13.98`.")
    return _on_sphere(float(found["ra"]), float(found["dec"]), "l", "b")


def _equatorial(text: str) -> tuple[float, float] | None:
    frame, rest = _framed(text)
    if frame in _OTHER_FRAMES:
        raise BadTarget(f"Coordinates of {frame} are not read here: give ICRS (J2000) or galactic ones.")
    position = rest if frame in _EQUATORIAL else text
    if found := _DEGREES.fullmatch(position):
        return _on_sphere(float(found["ra"]), float(found["dec"]), "ra", "dec")
    if found := _SEXAGESIMAL.fullmatch(position):
        ra = 15 * _sixtieths(found["h"], found["m"], found["s"])
        dec = _sixtieths(found["d"], found["am"], found["as"])
        return _on_sphere(ra, -dec if found["sign"] == "-" else dec, "ra", "dec")
    if frame in _EQUATORIAL:
        raise BadTarget(f"{rest!r} is not a pair of coordinates.")
    return None


def _framed(text: str) -> tuple[str, str]:
    """The word that says which coordinates follow (or precede it), if there is one that is known, and the numbers."""
    if found := _FRAME.fullmatch(text):
        word = str(found["before"] or found["behind"] or "").lower()
        if word in _GALACTIC | _EQUATORIAL | _OTHER_FRAMES:
            return word, found["rest"]
    return "", text


def _sixtieths(whole: str, minutes: str, seconds: str) -> float:
    if float(minutes) >= 60 or float(seconds) >= 60:
        raise BadTarget(f"{whole}:{minutes}:{seconds} has sixty minutes or seconds, or more.")
    return float(whole) + float(minutes) / 60 + float(seconds) / 3600


def _on_sphere(longitude: float, latitude: float, *names: str) -> tuple[float, float]:
    if not (0 <= longitude < 360 and -90 <= latitude <= 90):
        one, other = names
        raise BadTarget(
            f"{longitude:g} {latitude:g} is not on the sphere: 0 ≤ {one} < 360, -90 ≤ {other} ≤ 90 degrees."
        )
    return longitude, latitude
