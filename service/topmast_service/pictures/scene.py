"""What there is to draw: told without a word of matplotlib, so that whoever gathers it need not load that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from topmast_service.domain.regions import Point, Shape


@dataclass(frozen=True)
class Mark:
    """Rows at one place with one access: `shapes` where they looked, else just a `position`."""

    access: str
    shapes: tuple[Shape, ...]
    position: Point | None
    rows: int = 1


@dataclass(frozen=True)
class Cone:
    """What was searched around: a name, its position and the radius in degrees."""

    name: str
    ra: float
    dec: float
    radius: float


@dataclass(frozen=True)
class Scene:
    """A sky plot. `notes` stand below it, a line each."""

    title: str
    marks: Sequence[Mark]
    cone: Cone | None
    notes: Sequence[str]
