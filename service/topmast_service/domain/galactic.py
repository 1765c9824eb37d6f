"""Galactic coordinates as ICRS, so that nobody who only reads a target must load astropy."""

from __future__ import annotations

from math import asin, atan2, cos, degrees, radians, sin

_TO_GALACTIC = (
    (-0.0548755604162154, -0.8734370902348850, -0.4838350155487132),
    (+0.4941094278755837, -0.4448296299600112, +0.7469822444972189),
    (-0.8676661490190047, -0.1980763734312015, +0.4559837761750669),
)
"""Rotation from ICRS to galactic axes (The Hipparcos Catalogue, ESA SP-1200, vol. 1, §1.5.3, as in IAU SOFA)."""


def to_icrs(longitude: float, latitude: float) -> tuple[float, float]:
    """Right ascension and declination of a galactic position; all in degrees."""
    l, b = radians(longitude), radians(latitude)  # noqa: E741 - the field's own letters
    galactic = (cos(l) * cos(b), sin(l) * cos(b), sin(b))
    x, y, z = (sum(galactic[i] * _TO_GALACTIC[i][axis] for i in range(3)) for axis in range(3))
    return degrees(atan2(y, x)) % 360, degrees(asin(max(-1.0, min(1.0, z))))
