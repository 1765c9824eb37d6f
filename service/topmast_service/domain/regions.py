"""Footprints: ``s_region`` texts as shapes on the sky.

STC-S (IVOA Note 20130918, "STC-S: Space-Time Coordinate Metadata Linear String Implementation") as the archive writes
it: with or without a frame, shapes one behind the other, right ascensions below zero. A NIRSpec row lists every slitlet
and has 20 kB, so what is too much to show is thinned and says so. Degrees, ICRS, everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Point = tuple[float, float]
"""Right ascension in 0 ≤ ra < 360 and declination."""

MAX_SHAPES, MAX_POINTS = 64, 256
"""What a footprint keeps for a page of JSON: more is thinned evenly, so that the extent stays."""

_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9_]*|[()]|[^\s(),]+")
_SHAPES = {"POLYGON", "CIRCLE"}
_BETWEEN = _SHAPES | {"UNION", "(", ")", "END"}
_PASSED_OVER = {
    "ICRS", "FK5", "J2000", "UNKNOWNFRAME",
    "BARYCENTER", "GEOCENTER", "HELIOCENTER", "LSR", "TOPOCENTER", "RELOCATABLE", "UNKNOWNREFPOS",
    "SPHERICAL2", "CARTESIAN2", "SPHER2",
}  # fmt: skip
"""Frames (FK5 at J2000 lies within 0.1 arcsec of ICRS; what is not told is ICRS), reference positions and flavours:
nothing that moves a footprint."""

_RA_READ = 720.0
"""Right ascensions are written from -360 to 720; what lies beyond is no coordinate."""


@dataclass(frozen=True)
class Shape:
    """A polygon (`points`, not closed, at least three) or a circle (one point and `radius`)."""

    type: Literal["polygon", "circle"]
    points: tuple[Point, ...]
    radius: float = 0.0


@dataclass(frozen=True)
class Footprint:
    """Where an observation looked. `capped`: it has more shapes or points than are here."""

    shapes: tuple[Shape, ...]
    capped: bool = False


def footprint(text: Any, max_shapes: int = MAX_SHAPES, max_points: int = MAX_POINTS) -> Footprint | None:
    """What an ``s_region`` covers; None when it says nothing, or something that cannot be read.

    A text that is wrong in one place is not shown in part: half a mosaic would look like a small one. Intersections
    and complements (``NOT``) are not drawn either.

    Examples
    --------
    >>> footprint("CIRCLE ICRS 283.4 33.0 0.05").shapes[0].radius
    0.05
    >>> footprint("polygon -0.1 1 0.1 1 0 1.2").shapes[0].points[0]
    (359.9, 1.0)
    """
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        shapes = _read(text)
    except _Unreadable:
        return None
    return _capped(shapes, max_shapes, max_points)


class _Unreadable(ValueError):
    """No STC-S that we know; never leaves this module."""


def _read(text: str) -> list[Shape]:
    shapes: list[Shape] = []
    word = ""
    numbers: list[float] = []
    for piece in [*_TOKEN.findall(text), "END"]:
        if not piece[0].isalpha() and piece not in "()":
            numbers.append(_number(piece))
            continue
        known = piece.upper()
        if known in _PASSED_OVER and not numbers:
            continue
        if known not in _BETWEEN:
            raise _Unreadable
        shapes += [_shape(word, numbers)] if word else _nothing(numbers)
        word, numbers = known if known in _SHAPES else "", []
    if not shapes:
        raise _Unreadable
    return shapes


def _nothing(numbers: Sequence[float]) -> list[Shape]:
    if numbers:
        raise _Unreadable
    return []


def _number(token: str) -> float:
    try:
        number = float(token)
    except ValueError:
        raise _Unreadable from None
    if not math.isfinite(number):
        raise _Unreadable
    return number


def _shape(word: str, numbers: Sequence[float]) -> Shape:
    if word == "CIRCLE":
        if len(numbers) != 3 or not 0 < numbers[2] <= 180:
            raise _Unreadable
        return Shape("circle", (_point(*numbers[:2]),), numbers[2])
    if len(numbers) % 2:
        raise _Unreadable
    points = [_point(ra, dec) for ra, dec in zip(numbers[::2], numbers[1::2], strict=True)]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    if len(set(points)) < 3:
        raise _Unreadable
    return Shape("polygon", tuple(points))


def _point(ra: float, dec: float) -> Point:
    if not (-90 <= dec <= 90 and abs(ra) <= _RA_READ):
        raise _Unreadable
    # A right ascension of -1e-20 would become 360.
    return (ra % 360.0) % 360.0, dec


def _capped(shapes: Sequence[Shape], max_shapes: int, max_points: int) -> Footprint:
    room = max(1, min(max_shapes, max_points // 4))
    fits = len(shapes) <= max_shapes and sum(len(s.points) for s in shapes) <= max_points
    if fits:
        return Footprint(tuple(shapes))
    kept = _evenly(shapes, room)
    each = max(3, max_points // len(kept))
    return Footprint(tuple(replace(s, points=tuple(_evenly(s.points, each))) for s in kept), capped=True)


def _evenly(items: Sequence[Any], most: int) -> list[Any]:
    """At most so many of them, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / max(1, most - 1))] for i in range(most)]


def separation(one: Point, other: Point) -> float:
    """Degrees between two points (Vincenty's formula: exact for small and large angles)."""
    (a, b), (c, d) = (map(math.radians, point) for point in (one, other))
    east = math.cos(d) * math.sin(c - a)
    north = math.cos(b) * math.sin(d) - math.sin(b) * math.cos(d) * math.cos(c - a)
    along = math.sin(b) * math.sin(d) + math.cos(b) * math.cos(d) * math.cos(c - a)
    return math.degrees(math.atan2(math.hypot(east, north), along))


def middle(points: Iterable[Point]) -> Point:
    """The direction of their mean; of points all around the sky, some point of the equator."""
    x = y = z = 0.0
    for ra, dec in points:
        a, d = math.radians(ra), math.radians(dec)
        x, y, z = x + math.cos(d) * math.cos(a), y + math.cos(d) * math.sin(a), z + math.sin(d)
    return (math.degrees(math.atan2(y, x)) % 360.0) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y)))
