"""The portal's answers: one page of a table as json, extjs or csv.

Rows are read once and only the asked page is kept, already as text, so that a listing of half a
million rows costs the memory of one page.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Any

from topmast_sandbox.wire.columns import Column
from topmast_sandbox.wire.errors import QueryError

Row = Mapping[str, Any]
Encode = Callable[[list[list[Any]], Sequence[Column]], str]
_SLICE = 1000


@dataclass(frozen=True)
class Listing:
    """Rows in parts whose lengths are known beforehand, so that a page is read without the others."""

    parts: Sequence[tuple[int, Callable[[], Iterable[Row]]]]

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(length for length, _ in self.parts)

    def window(self, first: int, last: int) -> Iterator[Row]:
        """Yield the rows from `first` up to, not including, `last`."""
        at = 0
        for length, rows in self.parts:
            if at < last and at + length > first:
                yield from islice(rows(), max(0, first - at), last - at)
            at += length


@dataclass(frozen=True)
class Table:
    """What a service answers: its columns, and its rows as they are made."""

    columns: Sequence[Column]
    rows: Iterable[Row] | Listing


@dataclass(frozen=True)
class Page:
    """One page, encoded: `parts` of text, how many rows they hold, how many there are in all."""

    parts: list[str]
    rows: int
    total: int
    number: int
    size: int

    def paging(self) -> dict[str, int]:
        """Return the answer's ``paging``; ``page`` echoes the request's, the client counts by it."""
        return {
            "page": self.number,
            "pageSize": self.size,
            "pagesFiltered": max(1, ceil(self.total / self.size)),
            "rows": self.rows,
            "rowsFiltered": self.total,
            "rowsTotal": self.total,
        }


def cut(table: Table, number: int, size: int, cap: int, encode: Encode) -> Page:
    """Read `table` and return its page `number` (from 1) of `size` rows.

    Raises
    ------
    QueryError
        More rows than `cap`. (MAST documents a reset connection; that would be a fault.)
    """
    names = [column.name for column in table.columns]
    rows, total = _window(table.rows, (number - 1) * size, number * size, cap)
    parts, count = [], 0
    for chunk in rows:
        count += len(chunk)
        parts.append(encode([[row.get(name) for name in names] for row in chunk], table.columns))
    return Page(parts, count, total(), number, size)


def _window(
    rows: Iterable[Row] | Listing, first: int, last: int, cap: int
) -> tuple[Iterator[list[Row]], Callable[[], int]]:
    """Return the window's rows in slices, and what tells the total once they have been read."""
    if isinstance(rows, Listing):
        total = _within(rows.total, cap)
        return _slices(rows.window(first, last)), lambda: total
    counted = _Counted(rows, cap)
    return _slices(islice(counted, first, last)), counted.total


class _Counted:
    """Passes rows on and counts them; `total` reads what nobody took."""

    def __init__(self, rows: Iterable[Row], cap: int) -> None:
        self._rows, self._cap, self._seen = iter(rows), cap, 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self._seen = _within(self._seen + 1, self._cap)
            yield row

    def total(self) -> int:
        for _ in self:
            pass
        return self._seen


def _within(total: int, cap: int) -> int:
    if total > cap:
        raise QueryError(f"The query returns more than {cap} rows.")
    return total


def _slices(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, _SLICE)):
        yield chunk


def json_rows(rows: list[list[Any]], columns: Sequence[Column]) -> str:
    """Encode rows as objects by column name, without the brackets around them."""
    names = [column.name for column in columns]
    return _text([dict(zip(names, row, strict=True)) for row in rows])


def extjs_rows(rows: list[list[Any]], columns: Sequence[Column]) -> str:
    """Encode rows as lists, without the brackets around them."""
    return _text(rows)


def csv_rows(rows: list[list[Any]], columns: Sequence[Column]) -> str:
    """Encode rows as CSV lines; null is an empty cell."""
    sheet = io.StringIO()
    csv.writer(sheet).writerows(rows)
    return sheet.getvalue()


def json_answer(table: Table, page: Page) -> Iterator[str]:
    """Yield the json format, which astroquery asks for."""
    head = {"status": "COMPLETE", "msg": "", "percent complete": 1}
    yield json.dumps(head | {"fields": [column.field() for column in table.columns]})[:-1]
    yield ', "data": ['
    yield from _joined(page.parts)
    yield f'], "paging": {json.dumps(page.paging())}}}'


def extjs_answer(table: Table, page: Page) -> Iterator[str]:
    """Yield the extjs format, the portal's default."""
    columns = [extjs_column(column) for column in table.columns]
    fields = [column.field() for column in table.columns]
    yield '{"status": "COMPLETE", "msg": "", "data": {"name": "NewDataSet", "Tables": [{"name": "Table", '
    yield f'"ExtendedProperties": {json.dumps({"Paging": page.paging()})}, '
    yield f'"Columns": {json.dumps(columns)}, "Fields": {json.dumps(fields)}, "Rows": ['
    yield from _joined(page.parts)
    yield ']}], "ExtendedProperties": {}}}'


def csv_answer(table: Table, page: Page) -> Iterator[str]:
    """Yield the csv format. Sandbox's guess: one line of names, then the rows."""
    yield csv_rows([[column.name for column in table.columns]], table.columns)
    yield from page.parts


def extjs_column(column: Column, **properties: Any) -> dict[str, Any]:
    """Return the entry of extjs' ``Columns``, whose properties carry the column config as ``cc.*``."""
    told = {f"cc.{key}" if key == "text" else key: value for key, value in column.config().items()}
    return {"text": column.name, "dataIndex": column.name, "ExtendedProperties": told | properties}


def _text(rows: list[Any]) -> str:
    return json.dumps(rows, separators=(",", ":"))[1:-1]


def _joined(parts: list[str]) -> Iterator[str]:
    for index, part in enumerate(parts):
        yield part if index == 0 else "," + part
