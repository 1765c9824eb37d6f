"""Rows as MAST gives them, made here."""

from __future__ import annotations

import math
from typing import Any


def square(ra: float, dec: float, half: float = 0.02) -> str:
    """A polygon around a position, in degrees."""
    across = half / max(math.cos(math.radians(dec)), 1e-6)
    corners = [(ra + x * across, dec + y * half) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return "POLYGON ICRS " + " ".join(f"{x:.9f} {y:.9f}" for x, y in corners)


def row(name: str, ra: float | None = 283.4, dec: float | None = 33.0, **more: Any) -> dict[str, Any]:
    """A public observation at a position, with a footprint if it has one."""
    region = square(ra, dec) if ra is not None and dec is not None else None
    cells = {"obs_id": name, "s_ra": ra, "s_dec": dec, "s_region": region, "calib_level": 2, "dataRights": "PUBLIC"}
    return {**cells, "mtFlag": False, **more}


SLITLETS = " ".join(f"POLYGON ICRS {square(283.4 + i * 1e-4, 33, 1e-5)[13:]}" for i in range(300))

MIXED = [
    row("mosaic"),
    row("slitlets", s_region=SLITLETS),
    row("exclusive", dataRights="EXCLUSIVE_ACCESS", t_obs_release=9e4),
    row("planned", calib_level=-1),
    row("titan", mtFlag=True),
    row("nowhere", None, None),
    row("place only", s_region=None),
    row("torn", s_region="POLYGON 283.1 33.0 283.2"),
    row("blank", None, None, s_region=""),
]
