"""Tables of rows in SQLite files: written once by one writer, renamed when whole, then only read.

A sorted page of 200,000 rows takes 18 MB and 0.07 s from SQLite; Parquet took some 400 MB for the same.
"""

from __future__ import annotations

import contextlib
import json
import math
import secrets
import shutil
import sqlite3
from array import array
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from topmast_service.domain import access
from topmast_service.domain.columns import Column
from topmast_service.domain.rows import Question, cursor_behind
from topmast_service.errors import BadCursor, Expired
from topmast_service.store.conditions import quoted, sortable, where, with_access
from topmast_service.store.tally import Tally

AFFINITY = {
    "string": "TEXT", "int": "INTEGER", "float": "REAL", "boolean": "INTEGER", "date": "TEXT", "flag": "TEXT",
}  # fmt: skip
"""SQLite's words for our column types."""

_MISFIT = {
    "int": "typeof({0}) NOT IN ('integer', 'null')",
    "float": "typeof({0}) NOT IN ('real', 'null')",
    "boolean": "{0} NOT IN (0, 1)",
    "date": "{0} IS NOT NULL AND (date({0}, '+0 days') IS NOT substr({0}, 1, 10) OR {0} < '0001')",
}
"""Whether a cell is not of its column's type, as SQL."""

_AT_ONCE = 500
"""Rows read by their ids at once; SQLite takes some thousand values."""

ACCESS = Column("access", description="Who may have the data: public, exclusive, planned, restricted, unknown")
RELEASE = Column("release", "date", description="When exclusive data become public")
"""What `Table` tells of every row besides its cells, when it is given the time."""


@dataclass(frozen=True)
class Page:
    """Some rows of a table, how many fit in total, and the cursor behind the last (None: that was all)."""

    items: list[dict[str, Any]]
    total: int
    next: str | None


def write(path: Path, columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write a whole table, visible under `path` only when complete; returns the number of rows.

    Each row gets ``_row``, 1 … n, which stays its id. NaN becomes NULL.
    """
    aside = path.with_name(f".{path.name}.writing")
    aside.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(aside)) as base:
        base.execute(f"CREATE TABLE rows (_row INTEGER PRIMARY KEY, {declared(columns)})")
        describe(base, columns)
        marks = ",".join("?" * len(columns))
        kept = [(c.name, _text if AFFINITY[c.type] == "TEXT" else _number) for c in columns]
        given = (tuple(keep(row.get(name)) for name, keep in kept) for row in rows)
        tally = Tally(columns)
        insert = f"INSERT INTO rows VALUES (NULL,{marks})"  # noqa: S608 - marks only
        count = base.executemany(insert, tally.watching(given)).rowcount
        tally.write(base)
        base.commit()
    aside.replace(path)
    return max(count, 0)


def describe(base: sqlite3.Connection, columns: Iterable[Column]) -> None:
    """Write down what the columns mean, in the file that has them."""
    names = [f.name for f in fields(Column)]
    base.execute(f"CREATE TABLE columns ({', '.join(names)})")
    marks = ",".join("?" * len(names))
    base.executemany(f"INSERT INTO columns VALUES ({marks})", (tuple(asdict(c).values()) for c in columns))  # noqa: S608


def amend(path: Path, column: str, values: Mapping[int, Any]) -> None:
    """Give rows of a finished table other values, by `_row`; whoever reads it sees the old one or the new one."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.writing")
    shutil.copyfile(path, aside)
    with contextlib.closing(sqlite3.connect(aside)) as base:
        changes = ((value, row) for row, value in values.items())
        base.executemany(f"UPDATE rows SET {quoted(column)} = ? WHERE _row = ?", changes)  # noqa: S608 - quoted
        base.commit()
    aside.replace(path)


class Table:
    """A finished table, for reading.

    Attributes
    ----------
    columns
        As they were written.
    askable
        What questions may name: these and, if the table was opened with the time it is now, `ACCESS` and `RELEASE`
        (not where rows stand for no data: programs, mnemonics).
    source
        What SQL selects from, so that `askable` can be named.
    counting
        How many rows there are, as SQL: they are numbered from 1, and counting would walk them all.
    """

    counting: ClassVar[str] = "MAX(_row)"

    def __init__(self, path: Path, now: datetime | None = None) -> None:
        self.path = path
        with self.opened() as base:
            self.columns = {c.name: c for c in _described(base)}
        self._booleans = [name for name, column in self.columns.items() if column.type == "boolean"]
        self.askable, self.source = self.columns, "rows"
        if now is not None and self.tells_access and ACCESS.name not in self.columns:
            self.askable = {**self.columns, ACCESS.name: ACCESS, RELEASE.name: RELEASE}
            self.source = with_access(now, self.columns)

    @property
    def computed(self) -> list[str]:
        """What can be asked for besides the columns."""
        return [name for name in self.askable if name not in self.columns]

    @property
    def tells_access(self) -> bool:
        """Whether its rows have anything that access follows from."""
        return any(name in self.columns for name in access.DECIDING)

    @contextlib.contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            raise Expired("The rows of this job are gone.")
        with contextlib.closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True)) as base:
            try:
                yield base
            except sqlite3.DatabaseError as error:
                if type(error) is not sqlite3.DatabaseError:  # its subclasses are mistakes of ours
                    raise
                raise Expired("The rows of this job cannot be read any more.") from error

    def page(self, question: Question) -> Page:
        """The rows that a `Question` asks for; ``_row`` breaks ties and is always among the cells."""
        fits, values = where(question.where, self.askable)
        order = ", ".join(f"{sortable(c)} {'DESC' if down else 'ASC'}" for c, down in question.sort)
        cells = ["_row", *(question.columns or self.columns)]
        listed = ", ".join(map(quoted, dict.fromkeys(cells)))
        with self.opened() as base:
            behind, more = _behind(question, self._last_seen(base, question))
            counting = f"SELECT COUNT(*) FROM {self.source} WHERE {fits}"  # noqa: S608 - quoted
            total = base.execute(counting, values).fetchone()[0]
            found = base.execute(
                f"SELECT {listed} FROM {self.source} WHERE {fits} AND {behind} "  # noqa: S608 - known columns, quoted
                f"ORDER BY {order + ', ' if order else ''}_row LIMIT ?",
                [*values, *more, question.limit + 1],
            ).fetchall()
        return self._page(question, list(dict.fromkeys(cells)), found, total)

    def _page(self, question: Question, cells: list[str], found: list[tuple[Any, ...]], total: int) -> Page:
        shown = found[: question.limit]
        items = [self._typed(dict(zip(cells, row, strict=True))) for row in shown]
        more = len(found) > question.limit
        return Page(items, total, cursor_behind(question, items[-1]["_row"]) if more else None)

    def every(self, question: Question) -> Generator[dict[str, Any], None, None]:
        """All rows that a `Question` asks for, in its order, one at a time; its `limit` and `after` do not count.

        A sorted answer is its rows' ids first, then their cells some at a time: SQLite would sort whole rows,
        footprints of 20 kB among them.
        """
        cells = list(dict.fromkeys(["_row", *(question.columns or self.columns)]))
        with self.opened() as base:
            for row in self._found(base, question, ", ".join(map(quoted, cells))):
                yield self._typed(dict(zip(cells, row, strict=True)))

    def _found(self, base: sqlite3.Connection, question: Question, listed: str) -> Iterator[tuple[Any, ...]]:
        fits, values = where(question.where, self.askable)
        if not question.sort:
            yield from base.execute(f"SELECT {listed} FROM {self.source} WHERE {fits} ORDER BY _row", values)  # noqa: S608
            return
        order = ", ".join(f"{sortable(c)} {'DESC' if down else 'ASC'}" for c, down in question.sort)
        sql = f"SELECT _row FROM {self.source} WHERE {fits} ORDER BY {order}, _row"  # noqa: S608 - known columns, quoted
        ids = array("q", (number for (number,) in base.execute(sql, values)))
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            read = base.execute(f"SELECT {listed} FROM {self.source} WHERE _row IN ({marks})", some)  # noqa: S608 - quoted
            rows = {row[0]: row for row in read}
            yield from (rows[number] for number in some)

    def fitting(self) -> dict[str, Column]:
        """The columns as their cells really are: one with a cell that is not of its type is told as string.

        SQLite keeps what MAST sends; a typed file would have to lose such a cell, or break in its middle.
        """
        tests = {name: _MISFIT[c.type].format(quoted(name)) for name, c in self.columns.items() if c.type in _MISFIT}
        if not tests:
            return self.columns
        with self.opened() as base:
            told = base.execute(f"SELECT {', '.join(f'MAX({t})' for t in tests.values())} FROM rows").fetchone()  # noqa: S608 - quoted
        odd = {name for name, misfit in zip(tests, told, strict=True) if misfit}
        return {name: replace(c, type="string") if name in odd else c for name, c in self.columns.items()}

    def rows(self, condition: str = "1", *values: Any, only: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """All rows in their order, one at a time; `condition` is SQL of our own code, never of a user.

        With `only`, no other cells are read; a table of an earlier release may lack one of them.
        """
        names = ["_row", *(name for name in only or self.columns if name in self.columns)]
        with self.opened() as base:
            listed = ", ".join(map(quoted, names))
            for row in base.execute(f"SELECT {listed} FROM rows WHERE {condition} ORDER BY _row", values):  # noqa: S608
                yield self._typed(dict(zip(names, row, strict=True)))

    def distinct(self, column: str, condition: str) -> list[str]:
        """The different cells of a column, sorted; `condition` is SQL of our own code, never of a user."""
        with self.opened() as base:
            sql = f"SELECT DISTINCT {quoted(column)} FROM {self.source} WHERE {condition} ORDER BY 1"  # noqa: S608
            return [str(cell) for (cell,) in base.execute(sql)]

    def sums_by_start(
        self, column: str, length: int, number: str, condition: str, *values: Any
    ) -> list[tuple[str, int, int]]:
        """How many rows there are, and their sum of `number`, for each beginning of a column's texts.

        `condition` is SQL of our own code, never of a user.
        """
        with self.opened() as base:
            sql = (
                f"SELECT substr({quoted(column)}, 1, ?), COUNT(*), COALESCE(SUM({quoted(number)}), 0) "  # noqa: S608
                f"FROM rows WHERE {condition} GROUP BY 1"
            )
            return [(str(start), int(n), int(total)) for start, n, total in base.execute(sql, (length, *values))]

    def count(self) -> int:
        """How many rows there are."""
        with self.opened() as base:
            return int(base.execute("SELECT COUNT(*) FROM rows").fetchone()[0])

    def _last_seen(self, base: sqlite3.Connection, question: Question) -> tuple[Any, ...]:
        """The sort values of the row that the cursor stands behind."""
        if question.after is None or not question.sort:
            return ()
        cells = ", ".join(quoted(name) for name, _ in question.sort)
        sql = f"SELECT {cells} FROM {self.source} WHERE _row = ?"  # noqa: S608 - quoted
        found = base.execute(sql, [question.after]).fetchone()
        if found is None:
            raise BadCursor("The cursor stands behind a row that is not here.")
        return tuple(found)

    def _typed(self, row: dict[str, Any]) -> dict[str, Any]:
        for name in self._booleans:
            if isinstance(row.get(name), int):
                row[name] = bool(row[name])
        return row


def _described(base: sqlite3.Connection) -> Iterator[Column]:
    """The columns as they were described; a table of an earlier release lacks what was not known then (`ucd`)."""
    found = base.execute("SELECT * FROM columns")
    names = [name for name, *_ in found.description]
    for cells in found:
        said = dict(zip(names, cells, strict=True))
        yield Column(**said | {"many": bool(said["many"])})


def declared(columns: Sequence[Column]) -> str:
    """The columns as ``CREATE TABLE`` takes them."""
    return ", ".join(f"{quoted(c.name)} {AFFINITY[c.type]}" for c in columns)


def _number(value: Any) -> Any:
    """What a column of numbers holds of a cell; whatever is no number stays what it is, if need be as JSON."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return json.dumps(value) if isinstance(value, list | dict) else value


def _text(value: Any) -> Any:
    """What a column of texts holds of a cell: SQLite would cut a float to 15 digits, and write true as 1."""
    if value is None or isinstance(value, str):
        return value
    return None if isinstance(value, float) and math.isnan(value) else json.dumps(value)


def _behind(question: Question, values: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """Rows after the cursor in the question's order; NULL sorts before everything, as SQLite does."""
    if question.after is None:
        return "1", []
    text, given = "_row > ?", [question.after]
    for (name, down), value in reversed(list(zip(question.sort, values, strict=True))):
        column, text_then = sortable(name), text
        same, equal = f"{column} IS ?", [value]
        beyond = _beyond(column, down, value)
        past = [value] * beyond.count("?")
        text, given = f"({beyond} OR ({same} AND {text_then}))", [*past, *equal, *given]
    return text, given


def _beyond(column: str, down: bool, value: Any) -> str:
    if value is None:
        return "0" if down else f"{column} IS NOT NULL"
    return f"({column} < ? OR {column} IS NULL)" if down else f"{column} > ?"
