"""How often each value of a facet occurs, counted while a table is written.

The first look at a result is its facets. Counted from 200,000 finished rows they take more than a second; while the
rows pass by, half a second of the worker that writes them.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from topmast_service.domain.columns import Column
from topmast_service.domain.facets import OFFERED

MOST_CELLS = 4000
"""Of one column; one with more different cells is left uncounted, so that memory stays small."""

_LOOK_EVERY = 1000
_STORED = {"string": "text", "flag": "text", "int": "whole", "boolean": "whole"}


class Tally:
    """Counts the cells of the facets among these columns."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        found = [place for place, c in enumerate(columns) if c.name in OFFERED and c.type in _STORED]
        self._counting = {place: Counter[Any]() for place in found}

    def watching(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """The rows as they are, counted."""
        for number, cells in enumerate(rows):
            for place, counter in self._counting.items():
                counter[cells[place]] += 1
            if number % _LOOK_EVERY == 0:
                self._counting = {p: c for p, c in self._counting.items() if len(c) <= MOST_CELLS}
            yield cells

    def write(self, base: sqlite3.Connection) -> None:
        """Keep what was counted beside the rows, stored as the rows' cells are: 1558 becomes text in a text column."""
        base.execute("CREATE TABLE tally (name TEXT, text TEXT, whole INTEGER, rows INTEGER)")
        for place, counter in self._counting.items():
            column = self._columns[place]
            insert = f"INSERT INTO tally (name, {_STORED[column.type]}, rows) VALUES (?, ?, ?)"  # noqa: S608 - our own names
            base.executemany(insert, ((column.name, cell, rows) for cell, rows in counter.items()))


def counted(base: sqlite3.Connection, name: str) -> dict[Any, int]:
    """How often each cell of a column occurs; empty if that was not counted."""
    if not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'tally'").fetchone():
        return {}  # written by another hand, or by an earlier release
    sql = "SELECT COALESCE(text, whole) AS cell, SUM(rows) FROM tally WHERE name = ? GROUP BY cell"
    return dict(base.execute(sql, [name]))
