"""The piece of sky that a picture shows: where its middle is, how wide it is, and how it is projected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from topmast_service.domain.regions import Shape

Vectors = NDArray[np.float64]
"""Unit vectors, n × 3."""

PIXELS = 1000
"""Width of the plane that shapes are drawn on; what a reader sees depends on the figure's resolution alone."""

WIDEST = 40.0
"""Degrees from the middle to the edge that a tangent plane can show; beyond that the whole sky is drawn."""

NARROWEST = 5 / 3600
_MARGIN = 1.12
_CONES = 5.0
"""A search around a target shows at most so many radii: a TESS sector would make M 57 a dot."""


@dataclass(frozen=True)
class Field:
    """A projection onto `PIXELS` pixels. `half`: degrees from the middle to the edge; 180 is the whole sky."""

    wcs: WCS
    center: tuple[float, float]
    half: float

    @property
    def whole_sky(self) -> bool:
        """Whether it is a map of everything."""
        return self.half >= 180

    @property
    def polar(self) -> bool:
        """Whether a pole lies in it, or so close that meridians run askew."""
        return not self.whole_sky and 90 - abs(self.center[1]) < 1.5 * self.half

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (PIXELS, PIXELS // 2) if self.whole_sky else (PIXELS, PIXELS)

    def pixels(self, at: Vectors) -> NDArray[np.float64]:
        """Where unit vectors lie, n × 2; NaN for what a tangent plane cannot show."""
        found: NDArray[np.float64] = self.wcs.wcs_world2pix(degrees(at), 0)
        if not self.whole_sky:
            found[separations(at, self.center) > 80] = np.nan
        return found


def choose(at: Vectors, target: tuple[float, float, float] | None) -> Field:
    """The field that holds the vectors `at`; around a target (ra, dec, radius) it stays close to it."""
    if target is not None:
        close = _CONES * target[2]
        within = at[separations(at, target[:2]) <= close]
        middle, half = _frame(np.vstack([within, circle(*target)]))
        if len(within) < len(at) and half < WIDEST:
            middle, half = target[:2], min(close, max(half, 2 * target[2]))
    else:
        middle, half = _frame(at)
    return _flat(middle, max(half * _MARGIN, NARROWEST)) if half <= WIDEST else _whole(middle)


def vectors(points: Any) -> Vectors:
    """Unit vectors of n (ra, dec) in degrees."""
    ra, dec = np.radians(np.asarray(points, dtype=float).reshape(-1, 2)).T
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def degrees(at: Vectors) -> NDArray[np.float64]:
    """(ra, dec) of unit vectors, n × 2."""
    x, y, z = at.T
    return np.column_stack([np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))])


def separations(at: Vectors, center: tuple[float, float]) -> NDArray[np.float64]:
    """Degrees between each vector and a point; exact for small angles too."""
    middle = vectors(center)[0]
    across = np.linalg.norm(np.cross(at, middle), axis=1)
    found: NDArray[np.float64] = np.degrees(np.arctan2(across, at @ middle))
    return found


def circle(ra: float, dec: float, radius: float, corners: int = 72) -> Vectors:
    """Points on a small circle."""
    middle = vectors((ra, dec))[0]
    east = np.array([-np.sin(np.radians(ra)), np.cos(np.radians(ra)), 0.0])
    north = np.cross(middle, east)
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)[:, None]
    around = np.cos(turn) * north + np.sin(turn) * east
    found: Vectors = np.cos(np.radians(radius)) * middle + np.sin(np.radians(radius)) * around
    return found


def outline(shape: Shape, step: float = 2.0) -> Vectors:
    """The edge of a shape; sides longer than `step` degrees get points between, along their great circle."""
    if shape.type == "circle":
        return circle(*shape.points[0], shape.radius)
    corners = vectors(shape.points)
    following = np.roll(corners, -1, axis=0)
    if (chords := np.linalg.norm(corners - following, axis=1)).max() < np.radians(step):
        return corners
    sides = [
        corner + (then - corner) * np.arange(n)[:, None] / n
        for corner, then, n in zip(corners, following, np.ceil(chords / np.radians(step)).astype(int), strict=True)
        if n
    ]
    found = np.vstack(sides)
    return np.asarray(found / np.linalg.norm(found, axis=1)[:, None])


def _frame(at: Vectors) -> tuple[tuple[float, float], float]:
    """The middle of the square that holds all of `at`, and half its width; more than `WIDEST` for the whole sky."""
    mean = at.mean(axis=0) if len(at) else np.zeros(3)
    if np.linalg.norm(mean) < 1e-3:
        return (180.0, 0.0), 180.0
    rough = _point(mean)
    reach = float(separations(at, rough).max())
    if reach > WIDEST * 1.5:
        return rough, 180.0
    plane = _flat(rough, max(reach, NARROWEST))
    places = plane.pixels(at)
    low, high = places.min(axis=0), places.max(axis=0)
    middle = plane.wcs.wcs_pix2world([(low + high) / 2], 0)[0]
    scale = 2 * max(reach, NARROWEST) / PIXELS
    return (float(middle[0]) % 360, float(middle[1])), float((high - low).max()) / 2 * scale


def _point(vector: Any) -> tuple[float, float]:
    ra, dec = degrees(np.asarray(vector)[None])[0]
    return float(ra), float(dec)


def _flat(center: tuple[float, float], half: float) -> Field:
    """A tangent plane with north up and east to the left."""
    return _projected("TAN", center, half, 2 * half / PIXELS)


def _whole(center: tuple[float, float]) -> Field:
    """Mollweide's map of the whole sky; the hours of the middle are rounded, so that its edge is a round hour."""
    middle = round(center[0] / 30) * 30 % 360
    return _projected("MOL", (float(middle), 0.0), 180.0, 360 / PIXELS * (2 * 2**0.5 / np.pi))


def _projected(kind: str, center: tuple[float, float], half: float, scale: float) -> Field:
    wcs = WCS(naxis=2)
    found = Field(wcs, center, half)
    width, height = found.size
    wcs.wcs.ctype = [f"RA---{kind}", f"DEC--{kind}"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.crval = center
    wcs.wcs.crpix = [(width + 1) / 2, (height + 1) / 2]
    wcs.wcs.cdelt = [-scale, scale]
    wcs.array_shape = (height, width)
    return found
