"""The axes: a coordinate grid with numbers that can be read in print, where north is, and how long an arcminute."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy import units
from astropy.visualization.wcsaxes import WCSAxes
from astropy.visualization.wcsaxes.frame import EllipticalFrame
from matplotlib.figure import Figure

from topmast_service.pictures import field
from topmast_service.pictures.field import Field
from topmast_service.pictures.looks import FAINT, GRID, INK, halo

_ROUND = [1, 2, 5, 10, 20, 30]
_LENGTHS = [
    *((n / 3600, f"{n}″") for n in _ROUND), *((n / 60, f"{n}′") for n in _ROUND), *((float(n), f"{n}°") for n in _ROUND)
]  # fmt: skip


def axes(figure: Figure, shown: Field, box: tuple[float, float, float, float]) -> WCSAxes:
    """WCS axes in the `box` (shares of the figure) for what is shown; pixels are their data coordinates."""
    frame = {"frame_class": EllipticalFrame} if shown.whole_sky else {}
    found = WCSAxes(figure, box, wcs=shown.wcs, aspect="equal", **frame)
    figure.add_axes(found)
    width, height = shown.size
    found.set_xlim(-0.5, width - 0.5)
    found.set_ylim(-0.5, height - 0.5)
    found.coords.grid(color=GRID, linestyle="solid", linewidth=0.5, alpha=0.6)
    for coordinate in found.coords:
        coordinate.set_ticklabel(size=9.5, color=INK, exclude_overlapping=True)
    if shown.whole_sky:
        _whole_sky(*found.coords)
    elif shown.polar:
        _polar(found, shown)
    else:
        _plain(*found.coords)
        _compass(found)
    if not shown.whole_sky:
        _scale_bar(found, shown)
    return found


def _plain(ra: Any, dec: Any) -> None:
    for coordinate, sides in ((ra, "bt"), (dec, "lr")):
        coordinate.set_ticks(number=6)
        coordinate.set_ticks_position(sides)
    ra.set_axislabel("Right ascension (ICRS)", size=10.5, minpad=0.8)
    dec.set_axislabel("Declination (ICRS)", size=10.5, minpad=0.6)


def _polar(found: WCSAxes, shown: Field) -> None:
    """Hours all around, declinations along a meridian: around a pole no side belongs to one of them."""
    ra, dec = found.coords
    ra.set_ticks(spacing=30 * units.deg)
    ra.set_major_formatter("hh")
    ra.set_ticks_position("bltr")
    ra.set_ticklabel_position("bltr")
    ra.set_axislabel("Right ascension (ICRS)", size=10.5, minpad=0.8)
    ra.set_axislabel_position("b")
    dec.set_ticklabel_visible(False)
    dec.set_ticks_visible(False)
    step = max((angle for angle, _ in _LENGTHS if angle <= 0.4 * shown.half), default=_LENGTHS[0][0])
    dec.set_ticks(spacing=step * units.deg)
    pole = 90.0 if shown.center[1] > 0 else -90.0
    for number in range(1, 7):
        value = pole - np.sign(pole) * number * step
        x, y = shown.pixels(field.vectors((15.0, value)))[0]
        if 0 < x < shown.size[0] and 0 < y < shown.size[1]:
            found.text(x, y, _sexagesimal(value), size=8.5, color=FAINT, ha="center", va="center", path_effects=halo())


def _whole_sky(ra: Any, dec: Any) -> None:
    ra.set_ticks(spacing=60 * units.deg)
    dec.set_ticks(spacing=30 * units.deg)
    ra.set_major_formatter("hh")
    dec.set_major_formatter("dd")
    ra.set_ticklabel(color=FAINT, size=8.5, path_effects=halo(2))
    for coordinate in (ra, dec):
        coordinate.set_ticks_visible(False)


def _compass(found: WCSAxes) -> None:
    corner = (0.085, 0.035)
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0, "path_effects": halo()}
    for name, tip in {"N": (0.085, 0.105), "E": (0.015, 0.035)}.items():
        found.annotate("", tip, corner, "axes fraction", arrowprops=arrow, zorder=8)
        _label(found, tip[0], tip[1] + 0.012, name)


def _scale_bar(found: WCSAxes, shown: Field) -> None:
    """A length to compare with, a tenth to a quarter of the width."""
    angle, name = max((u for u in _LENGTHS if u[0] <= 0.5 * shown.half), default=_LENGTHS[0])
    share = angle / (2 * shown.half)
    ends = [0.965 - share, 0.965], [0.035, 0.035]
    found.plot(*ends, transform=found.transAxes, color=INK, linewidth=1.8, zorder=8, path_effects=halo(3.6))
    _label(found, 0.965 - share / 2, 0.046, name)


def _label(found: WCSAxes, x: float, y: float, text: str) -> None:
    style = {"ha": "center", "va": "bottom", "size": 9.5, "color": INK, "zorder": 8, "path_effects": halo()}
    found.text(x, y, text, transform=found.transAxes, **style)


def _sexagesimal(degrees: float) -> str:
    seconds = round(abs(degrees) * 3600)
    sign = "−" if degrees < 0 else "+"
    parts = [f"{seconds // 3600}°", f"{seconds % 3600 // 60:02}′", f"{seconds % 60:02}″"]
    while len(parts) > 1 and parts[-1][:2] == "00":
        parts.pop()
    return sign + "".join(parts)
