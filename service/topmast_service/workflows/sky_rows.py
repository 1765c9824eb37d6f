"""Rows as places on the sky: which columns tell where a collection's rows lie, and what one row says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from topmast_service.domain import regions
from topmast_service.domain.regions import Footprint, Point
from topmast_service.domain.rows import Condition, Question
from topmast_service.store.tables import ACCESS, Table

_NAMES = ("obs_id", "fileSetName", "filename", "fileName", "dataURI")
_POSITIONS = (("s_ra", "s_dec"), ("targ_ra", "targ_dec"))


@dataclass(frozen=True)
class SkyRow:
    """One row: `region` is its s_region as it stands there, `moving` a target of the solar system."""

    row: int
    name: str | None
    access: str
    position: Point | None
    moving: bool
    region: str


@dataclass(frozen=True)
class SkyColumns:
    """The columns of a table that tell where its rows lie; None for what it does not have."""

    name: str | None
    ra: str | None
    dec: str | None
    region: str | None
    moving: str | None

    @classmethod
    def of(cls, known: Collection[str]) -> SkyColumns:
        """Those of a table with the columns `known`: observations and instrument keywords name them differently."""
        ra, dec = next(((ra, dec) for ra, dec in _POSITIONS if ra in known and dec in known), (None, None))
        name = next((n for n in _NAMES if n in known), None)
        moving = next((n for n in ("mtFlag", "targtype") if n in known), None)
        return cls(name, ra, dec, "s_region" if "s_region" in known else None, moving)

    @property
    def needed(self) -> tuple[str, ...]:
        """What must be read of each row."""
        own = (self.name, self.ra, self.dec, self.region, self.moving)
        return (ACCESS.name, *(name for name in own if name))

    def read(self, row: Mapping[str, Any]) -> SkyRow:
        """What a row says."""
        ra, dec = (row.get(n) if n else None for n in (self.ra, self.dec))
        moving = row.get(self.moving) if self.moving else None
        return SkyRow(
            row["_row"],
            str(row[self.name]) if self.name and row.get(self.name) is not None else None,
            row[ACCESS.name],
            _position(ra, dec),
            moving is True or str(moving).upper() == "MOVING",
            str(row.get(self.region) or "").strip() if self.region else "",
        )


def rows(table: Table, where: tuple[Condition, ...]) -> Iterator[SkyRow]:
    """Every row that fits, in the order of the table, which must have been opened with the time it is."""
    columns = SkyColumns.of(table.columns)
    return map(columns.read, table.every(Question(where, (), columns.needed)))


def without_coordinates(table: Table, where: tuple[Condition, ...]) -> int:
    """How many of the rows that fit have neither a position nor a footprint."""
    columns = SkyColumns.of(table.columns)
    lost = [Condition(name, "null", ("true",)) for name in (columns.ra,) if name]
    if columns.region is None:
        return count(table, (*where, *lost))
    blank = [Condition(columns.region, "null", ("true",)), Condition(columns.region, "eq", ("",))]
    return sum(count(table, (*where, *lost, b)) for b in blank)


def shapes(found: Iterable[SkyRow], max_points: int) -> Iterator[tuple[SkyRow, Footprint | None]]:
    """Rows with their footprints, until these have `max_points` corners in all."""
    corners = 0
    for row in found:
        if corners >= max_points:
            return
        footprint = regions.footprint(row.region)
        corners += sum(len(shape.points) for shape in footprint.shapes) if footprint else 0
        yield row, footprint


def count(table: Table, where: tuple[Condition, ...]) -> int:
    """How many rows fit."""
    return table.page(Question(where, (), ("_row",), 1)).total


def _position(ra: Any, dec: Any) -> Point | None:
    if not isinstance(ra, int | float) or not isinstance(dec, int | float) or not -90 <= dec <= 90:
        return None
    return (ra % 360.0) % 360.0, float(dec)
