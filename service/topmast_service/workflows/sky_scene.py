"""What a sky plot shows of a search: its rows as marks, its target, and in words what is not to be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from topmast_service.domain import regions
from topmast_service.domain.regions import Footprint
from topmast_service.domain.rows import Condition, ask
from topmast_service.pictures.scene import Cone, Mark, Scene
from topmast_service.store.tables import Table
from topmast_service.workflows import sky_rows
from topmast_service.workflows.sky_rows import SkyRow

Document = Mapping[str, Any]

MOST_DRAWN = 20_000
"""Rows on one picture: of more, an even choice is drawn, and said so."""

_WHOLE, _COARSE = (500, 8000), (6, 48)
"""Shapes and corners that are drawn of one row: every slitlet, or a few of them once a picture has so many corners
that nobody could tell them apart."""

_MANY_CORNERS = 200_000


def of(request: Document, facts: Document, table: Table, where: Sequence[str], now: datetime) -> Scene:
    """The scene of those rows that fit `where`; `facts` is the result of the search that `request` asked for."""
    conditions = ask(table.askable, where=where).where
    total = sky_rows.count(table, conditions)
    each = -(-total // MOST_DRAWN) or 1
    gathered = _Gathered.of(islice(sky_rows.rows(table, conditions), 0, None, each))
    found = target(facts)
    name = str(request.get("target") or "")
    cone = Cone(name.partition(" r=")[0].strip(), **found) if found else None
    said = [_drawn(total, each), *gathered.notes(each), *_when(facts, now)]
    return Scene(_title(request, conditions), gathered.marks, cone, said)


@dataclass(frozen=True)
class _Gathered:
    """What the rows come to: one mark for all that look alike."""

    marks: Sequence[Mark]
    moving: int
    nowhere: int
    unreadable: int
    thinned: int

    @classmethod
    def of(cls, found: Iterable[SkyRow]) -> _Gathered:
        marks: dict[tuple[str, object], Mark] = {}
        counts: Counter[str] = Counter()
        for row in found:
            if row.moving:
                counts["moving"] += 1
                continue
            alike = (row.access, row.region or row.position)
            if alike not in marks:
                marks[alike], corners, thinned = _mark(row, counts["corners"])
                counts.update(corners=corners, thinned=thinned)
            marks[alike] = mark = replace(marks[alike], rows=marks[alike].rows + 1)
            counts["unreadable"] += bool(row.region and not mark.shapes)
            counts["nowhere"] += not mark.shapes and row.position is None
        placed = [mark for mark in marks.values() if mark.shapes or mark.position]
        return cls(placed, *(counts[name] for name in ("moving", "nowhere", "unreadable", "thinned")))

    def notes(self, each: int) -> Iterator[str]:
        """What is not on the picture, and why."""
        about = "about " if each > 1 else ""
        if self.moving:
            yield f"Left out: {about}{self.moving * each:,} of moving targets."
        if self.nowhere:
            yield f"Without a place on the sky: {about}{self.nowhere * each:,}."
        if self.unreadable:
            yield f"Footprint cannot be read, so at best a ring: {about}{self.unreadable * each:,}."
        if self.thinned:
            yield f"With too many slitlets to draw them all: {about}{self.thinned * each:,}."


def _mark(row: SkyRow, corners: int) -> tuple[Mark, int, bool]:
    """The mark of a row that is not counted yet, how many corners it has, and whether it should have more."""
    most = _WHOLE if corners < _MANY_CORNERS else _COARSE
    footprint = regions.footprint(row.region, *most) or Footprint(())
    number = sum(len(shape.points) for shape in footprint.shapes)
    return Mark(row.access, footprint.shapes, row.position, 0), number, footprint.capped


def _drawn(total: int, each: int) -> str:
    return f"{total:,} row{'s' * (total != 1)}." if each == 1 else f"One of every {each} of {total:,} rows is drawn."


def _when(facts: Document, now: datetime) -> Iterator[str]:
    if facts.get("stale"):
        yield "MAST is away: this is an earlier answer."
    if asked := str(facts.get("as_of") or ""):
        yield f"MAST was asked on {asked[:10]}; access as of {now:%Y-%m-%d}."
    if facts.get("truncated"):
        yield "MAST had more than it gave."


def _title(request: Document, where: Sequence[Condition]) -> str:
    parts = [str(request["target"])] if request.get("target") else []
    parts += [f"{name} {_said(value)}" for name, value in (request.get("criteria") or {}).items()]
    parts += [f"{c.column} {c.op} {', '.join(c.values)}".strip() for c in where]
    return " · ".join(parts) or str(request.get("collection") or "observations")


def _said(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(_said, value))
        case {"not": unwanted}:
            return f"not {_said(unwanted)}"
        case {"min": low, "max": high}:
            return f"{low} to {high}"
        case {"min": low}:
            return f"from {low}"
        case {"max": high}:
            return f"up to {high}"
    return "blank" if value is None else str(value)


def target(facts: Document) -> dict[str, Any] | None:
    """Where the search looked, in degrees: ra, dec and radius; None without a target."""
    resolved = facts.get("resolved") or {}
    if not all(isinstance(resolved.get(name), int | float) for name in ("ra", "dec", "radius")):
        return None
    return {name: resolved[name] for name in ("ra", "dec", "radius")}
