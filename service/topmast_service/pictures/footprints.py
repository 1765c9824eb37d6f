"""Footprints and the target, upon the axes; ten thousand of them without becoming a blot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.visualization.wcsaxes import WCSAxes
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from topmast_service.pictures import field
from topmast_service.pictures.field import Field
from topmast_service.pictures.looks import DASHED, INK, LOOKS, Look, halo
from topmast_service.pictures.scene import Cone, Mark

Outline = NDArray[np.float64]
"""Corners in pixels, n × 2, not closed."""

MOST_FILLED = 120
"""Of more than so many, only outlines: fainter fillings are rounded to a hue that nobody chose."""

_SMALL = 5.0
"""What is narrower than so many of the thousand pixels gets a dot: nobody would see it."""


@dataclass(frozen=True)
class Weight:
    """How strong lines and fillings are; the more there are, the weaker."""

    line: float
    strength: float
    filling: float
    dot: float

    @classmethod
    def of(cls, number: int) -> Weight:
        """For so many outlines."""
        tens = float(np.log10(max(number, 1)))
        return cls(
            line=float(np.interp(tens, [1, 2, 3, 4], [1.1, 0.8, 0.5, 0.35])),
            strength=float(np.interp(tens, [1, 2, 3, 4], [0.95, 0.75, 0.3, 0.2])),
            filling=min(0.9 / max(number, 1), 0.22) if number <= MOST_FILLED else 0.0,
            dot=float(np.interp(number, [100, 6000], [1.0, 0.35])),
        )


def draw(axes: WCSAxes, shown: Field, marks: Sequence[Mark], edges: Sequence[Sequence[field.Vectors]]) -> int:
    """Draw all marks with their edges on the sky; returns how many rows the frame cuts off, wholly or in part."""
    placed = list(zip(marks, _pixels(shown, edges), strict=True))
    weight = Weight.of(len(placed))
    for name, look in reversed(LOOKS.items()):
        seen = [[e for e in found if _seen(e, shown)] for mark, found in placed if mark.access == name]
        _outlines(axes, [e for found in seen for e in found if len(e) > 1], look, weight, _torn(shown))
        _dots(axes, [np.vstack(found) for found in seen if found], look, weight)
    return (
        0 if shown.whole_sky else sum(mark.rows for mark, found in placed if not all(_inside(e, shown) for e in found))
    )


def target(axes: WCSAxes, shown: Field, cone: Cone) -> None:
    """The searched cone and its middle."""
    for part in _pieces(shown.pixels(field.circle(cone.ra, cone.dec, cone.radius, 180)), _torn(shown)):
        axes.plot(*part.T, color=INK, linewidth=1.3, linestyle=DASHED, zorder=6)
    x, y = shown.pixels(field.vectors((cone.ra, cone.dec)))[0]
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        ends = [x + 7 * dx, x + 20 * dx], [y + 7 * dy, y + 20 * dy]
        axes.plot(*ends, color=INK, linewidth=1.4, zorder=7, path_effects=halo())


def _pixels(shown: Field, edges: Sequence[Sequence[field.Vectors]]) -> Iterator[list[Outline]]:
    """Every edge in pixels, projected all at once: one by one, twenty thousand would take seconds."""
    flat = [edge for outlines in edges for edge in outlines]
    ends = np.cumsum([len(edge) for edge in flat])
    found = iter(np.split(shown.pixels(np.vstack(flat)), ends[:-1]) if flat else [])
    return ([next(found) for _ in outlines] for outlines in edges)


def _outlines(axes: WCSAxes, edges: Iterable[Outline], look: Look, weight: Weight, torn: float) -> None:
    """Fillings, and lines upon them; the large ones below."""
    ordered = sorted(edges, key=lambda e: -float(np.prod(np.ptp(e, axis=0))))
    whole = [e for e in ordered if weight.filling and len(_pieces(e, torn)) == 1]
    axes.add_collection(PolyCollection(whole, facecolor=look.color, edgecolor="none", alpha=weight.filling, zorder=2))
    parts = [part for e in ordered for part in _pieces(e, torn)]
    style = {"colors": look.color, "linewidths": weight.line, "linestyles": [look.line], "alpha": weight.strength}
    axes.add_collection(LineCollection(parts, zorder=3, **style))


def _dots(axes: WCSAxes, places: Iterable[Outline], look: Look, weight: Weight) -> None:
    """A ring for each row that is too small to be seen."""
    small = np.array([p.mean(axis=0) for p in places if np.ptp(p, axis=0).max() < _SMALL]).reshape(-1, 2)
    if len(small):
        size = (look.ring * weight.dot) ** 2
        width = 1.0 if weight.dot > 0.6 else 0.5
        axes.scatter(*small.T, s=size, facecolor="none", edgecolor=look.color, linewidth=width, zorder=4)


def _pieces(edge: Outline, torn: float) -> list[Outline]:
    """The closed line, cut where it leaves the map at one side and comes back at the other."""
    closed = np.vstack([edge, edge[:1]])
    cuts = np.flatnonzero(np.abs(np.diff(closed, axis=0)).max(axis=1) >= torn) + 1
    return [part for part in np.split(closed, cuts) if len(part) > 1]


def _torn(shown: Field) -> float:
    return shown.size[0] / 4 if shown.whole_sky else np.inf


def _inside(edge: Outline, shown: Field) -> bool:
    return bool(((edge >= -0.5) & (edge <= np.subtract(shown.size, 0.5))).all())


def _seen(edge: Outline, shown: Field) -> bool:
    low, high = edge.min(axis=0), edge.max(axis=0)
    return bool(np.isfinite(edge).all() and (high >= 0).all() and (low <= shown.size).all())
