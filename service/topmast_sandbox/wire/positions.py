"""Angles on the sky. All positions and radii are ICRS degrees."""

from math import asin, cos, radians, sin, sqrt

from topmast_sandbox.wire.errors import QueryError


def separation(ra1: float, dec1: float, ra2: float, dec2: float) -> float:
    """Return the great-circle distance of two positions in degrees (haversine: exact when small)."""
    d_ra, d_dec = radians(ra2 - ra1) / 2, radians(dec2 - dec1) / 2
    h = sin(d_dec) ** 2 + cos(radians(dec1)) * cos(radians(dec2)) * sin(d_ra) ** 2
    return 2 * asin(min(1.0, sqrt(h))) * 57.29577951308232


def parse_position(text: object) -> tuple[float, float, float]:
    """Return right ascension, declination and radius of a portal's ``position`` text.

    Raises
    ------
    QueryError
        The text is not three numbers with commas between.
    """
    try:
        ra, dec, radius = (float(part) for part in str(text).split(","))
    except ValueError:
        raise QueryError(f"Invalid position: {text!r}") from None
    return ra, dec, radius
