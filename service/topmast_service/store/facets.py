"""What a table is made of: how often each value occurs, how numbers and dates are spread, of all rows and of some."""

from __future__ import annotations

import math
import sqlite3
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from heapq import nsmallest
from itertools import chain, groupby, pairwise
from typing import Any

from topmast_service.domain import dates
from topmast_service.domain.columns import Column
from topmast_service.domain.facets import FEW, MOST_VALUES, OFFERED
from topmast_service.domain.rows import Question
from topmast_service.store.conditions import quoted, where
from topmast_service.store.tables import ACCESS, Table
from topmast_service.store.tally import counted

_NUMBER = "CASE WHEN typeof({0}) IN ('integer', 'real') AND ABS({0}) < 9e999 THEN {0} END"
_MOMENT = "CAST(ROUND((julianday({0}) - 2440587.5) * 86400000) AS INTEGER)"
"""A date as milliseconds since 1970: what SQLite knows of a time."""

Cell = tuple[Any, int, int]
"""A cell, how many rows have it, and how many of them fit."""


@dataclass(frozen=True)
class Share:
    """How many rows fit, of how many."""

    count: int
    total: int


@dataclass(frozen=True)
class Value(Share):
    """How often a value occurs."""

    value: Any


@dataclass(frozen=True)
class Histogram:
    """Numbers or dates by bins of equal width: each from its edge to below the next, the last with its end.

    `unread` counts cells that are neither empty nor a number or date.
    """

    edges: list[Any]
    counts: list[int]
    totals: list[int]
    unread: int


@dataclass(frozen=True)
class Facet:
    """One column: its values, the most frequent first and `more` left out, or its histogram."""

    column: Column
    nulls: Share
    distinct: int
    values: list[Value] | None = None
    more: int = 0
    histogram: Histogram | None = None
    min: Any = None
    max: Any = None


@dataclass(frozen=True)
class Facets:
    """How many of all rows fit, and the facets."""

    total: int
    matching: int
    columns: list[Facet]


def of_table(table: Table, question: Question, bins: int) -> Facets:
    """The facets of `question.columns`, counted over all rows and over those that fit `question.where`.

    Without columns: those of `domain.facets.OFFERED` that the table has, with at most `FEW` different values.

    Raises
    ------
    Invalid
        A condition's value cannot be compared with its column.
    """
    with table.opened() as base:
        counting = _Counting(base, table, question)
        names = question.columns or tuple(counting.offered())
        counting.begin(names)
        found = [counting.facet(table.askable[name], bins) for name in names]
        if not question.columns:
            found = [facet for facet in found if 0 < facet.distinct <= FEW]
        return Facets(*counting.rows(), found)


class _Counting:
    """One question to one open table."""

    def __init__(self, base: sqlite3.Connection, table: Table, question: Question) -> None:
        self._base, self._table = base, table
        fits, self._given = where(question.where, table.askable)
        self._fits = f"({fits}) IS TRUE"  # a comparison with an empty cell is neither true nor false
        self._all = not question.where

    def rows(self) -> tuple[int, int]:
        """How many there are, and how many fit."""
        total = self._total(self._table.source)
        return total, total if self._all else self._total("fitting")

    def offered(self) -> Iterator[str]:
        """Facets that may have few values; what is known to have many is not even counted."""
        for name in OFFERED:
            column = self._table.askable.get(name)
            if column is None:
                continue
            if column.many or name == ACCESS.name or self._few(name):
                yield name

    def begin(self, names: Sequence[str]) -> None:
        """Set the cells of the rows that fit aside: the wide table is walked once, not once for every facet."""
        if not self._all:
            cells = ", ".join(map(quoted, dict.fromkeys(["_row", *names])))
            self._select(cells, f"WHERE {self._fits}", self._given, before="CREATE TEMP TABLE fitting AS ")

    def facet(self, column: Column, bins: int) -> Facet:
        """A column's facet: numbers and dates are spread over bins, whole numbers only if there are many."""
        if column.type in {"float", "date"} or (column.type == "int" and not self._few(column.name)):
            return self._spread(column, bins)
        return self._listed(column)

    def _few(self, name: str) -> bool:
        if known := counted(self._base, name):
            return len(known.keys() - {None}) <= FEW
        cell = quoted(name)
        return len(list(self._select(f"DISTINCT {cell}", f"WHERE {cell} IS NOT NULL LIMIT {FEW + 1}"))) <= FEW

    def _listed(self, column: Column) -> Facet:
        told = _Told(column)
        values = nsmallest(MOST_VALUES, told.of(self._cells(column)), key=_most_frequent_first)
        return Facet(column, told.nulls, told.distinct, values, told.distinct - len(values))

    def _cells(self, column: Column) -> Iterable[Cell]:
        name = quoted(column.name)
        if known := counted(self._base, column.name):
            of_fitting = f"SELECT {name} FROM fitting"  # noqa: S608 - quoted
            fitting = known if self._all else Counter(chain.from_iterable(self._base.execute(of_fitting)))
            return ((cell, total, fitting.get(cell, 0)) for cell, total in known.items())
        return self._select(f"{name}, COUNT(*), SUM({self._fits})", "GROUP BY 1", self._given)

    def _spread(self, column: Column, bins: int) -> Facet:
        source = self._table.source
        empty, filled, every = self._numbers(column, source)
        fewer, _, some = (empty, filled, every) if self._all else self._numbers(column, "fitting")
        nulls, unread, distinct = Share(fewer, empty), filled - len(every), _different(every)
        if not every:
            return Facet(column, nulls, distinct, histogram=Histogram([], [], [], unread))
        edges = _edges(every[0], every[-1], bins)
        shown = [_shown(column, edge) for edge in edges]
        histogram = Histogram(shown, _binned(some, edges), _binned(every, edges), unread)
        return Facet(column, nulls, distinct, histogram=histogram, min=shown[0], max=shown[-1])

    def _numbers(self, column: Column, source: str) -> tuple[int, int, list[float]]:
        """How many cells are empty, how many are not, and the numbers in order.

        Half a million of them take 20 MB for a moment, and a fifth of the time that SQLite needs to tell how many
        different ones there are.
        """
        name = quoted(column.name)
        value = (_MOMENT if column.type == "date" else _NUMBER).format(name)
        cells = self._base.execute(f"SELECT {value} FROM {source} WHERE {value} IS NOT NULL")  # noqa: S608 - quoted
        numbers = array("d", chain.from_iterable(cells))
        filled = total = self._total(source)
        if len(numbers) < total:
            (filled,) = self._base.execute(f"SELECT COUNT({name}) FROM {source}").fetchone()  # noqa: S608 - quoted
        return total - filled, filled, sorted(numbers)

    def _total(self, source: str) -> int:
        what = "COUNT(*)" if source == "fitting" else self._table.counting
        return int(self._base.execute(f"SELECT {what} FROM {source}").fetchone()[0] or 0)  # noqa: S608

    def _select(
        self, what: str, more: str = "", values: Sequence[Any] = (), before: str = ""
    ) -> Iterator[tuple[Any, ...]]:
        sql = f"{before}SELECT {what} FROM {self._table.source} {more}"  # noqa: S608 - known columns, quoted
        return self._base.execute(sql, values)


class _Told:
    """A column's cells on their way to values; knows afterwards how many different ones there were."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self.nulls, self.distinct = Share(0, 0), 0

    def of(self, cells: Iterable[Cell]) -> Iterator[Value]:
        """Each value once; of a cell that holds several, each counts."""
        for value, total, count in _parted(cells) if self._column.many else cells:
            if value is None:
                self.nulls = Share(count, total)
            else:
                self.distinct += 1
                yield Value(count, total, bool(value) if self._column.type == "boolean" else value)


def _parted(cells: Iterable[Cell]) -> Iterator[Cell]:
    totals, counts = Counter[Any](), Counter[Any]()
    for cell, total, count in cells:
        parts: set[Any] = {part.strip() for part in str(cell).split(";")} - {""} if cell is not None else set()
        for part in parts or {None}:
            totals[part] += total
            counts[part] += count
    return ((part, total, counts[part]) for part, total in totals.items())


def _most_frequent_first(value: Value) -> tuple[int, int, str]:
    return -value.count, -value.total, str(value.value)


def _different(ordered: list[float]) -> int:
    return sum(1 for _ in groupby(ordered))


def _edges(low: float, high: float, bins: int) -> list[float]:
    """Where bins of equal width begin, and where the last ends; one bin where there is no width."""
    steps = bins if low < high and math.isfinite(high - low) else 1
    return [*(low + n * ((high - low) / steps) for n in range(steps)), high]


def _binned(ordered: list[float], edges: list[float]) -> list[int]:
    """How many numbers are in each bin, by the edges as they are told."""
    begins = [0, *(bisect_left(ordered, edge) for edge in edges[1:-1]), len(ordered)]
    return [end - begin for begin, end in pairwise(begins)]


def _shown(column: Column, edge: float) -> Any:
    """An edge as the column's cells are; between two milliseconds it is the next one, which bounds the same dates."""
    if column.type == "date":
        return dates.written(dates.UNIX_EPOCH + timedelta(milliseconds=math.ceil(edge)))
    return int(edge) if column.type == "int" and edge.is_integer() else edge
