"""Cells as they came back against the texts of their source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fidelity.sources import Source, Texts
from topmast_service.domain.columns import Column

Row = Mapping[str, Any]

MADE_URI = "blank dataURIs that topmast makes from the file's name; the search's notes say so"
_DATE = re.compile(r"/Date\((-?\d+)\)/")


@dataclass
class Compared:
    """What one format brought back of one source: rows, cells, blank ones among them, and what differs and why."""

    source: str
    format: str
    rows: int = 0
    cells: int = 0
    blanks: int = 0
    dates: int = 0
    differences: list[str] = field(default_factory=list)
    expected: Counter[str] = field(default_factory=Counter)


def compare(name: str, source: Source, columns: Sequence[Column], found: Sequence[Row]) -> Compared:
    """Every cell of every row of the source; rows that are missing or too many are differences."""
    told = Compared(source.name, name)
    rows = {str(row[source.key]): row for row in found}
    if len(rows) != len(found):
        told.differences.append(f"{len(found) - len(rows)} rows came twice")
    told.differences += [f"{key}: not in the source" for key in rows.keys() - {r[source.key] for r in source.rows}]
    known = [c for c in columns if any(c.name in row for row in source.rows)]
    for stated in source.rows:
        if stated[source.key] not in rows:
            told.differences.append(f"{stated[source.key]}: missing")
            continue
        told.rows += 1
        _cells(told, known, stated, rows[stated[source.key]])
    return told


def _cells(told: Compared, columns: Sequence[Column], stated: Texts, row: Row) -> None:
    for column in columns:
        text, cell = stated.get(column.name, ""), row[column.name]
        if told.format == "ecsv" or not text.strip():
            text = text.strip()
        told.cells += 1
        told.blanks += not text
        told.dates += bool(text) and column.type == "date"
        if _same(column.type, text, cell):
            continue
        if column.name == "dataURI" and not text and cell == f"mast:JWST/product/{stated['filename']}":
            told.expected[MADE_URI] += 1
        else:
            told.differences.append(f"{told.format}: {column.name}: {text[:60]!r} came back as {str(cell)[:60]!r}")


def _same(kind: str, text: str, cell: Any) -> bool:
    """Whether a cell says what the text says: the same number, truth, moment or text; null for a blank."""
    if not text or cell is None:
        return not text and cell is None
    if isinstance(cell, bool):
        return kind == "boolean" and text.lower() == str(cell).lower()
    if kind == "int" and isinstance(cell, int) and "." not in text:
        return int(text) == cell
    if kind in {"int", "float"} and isinstance(cell, int | float):
        return float(text) == cell
    if kind == "date":
        return _moment(text) == datetime.fromisoformat(cell)
    return bool(text == cell)


def _moment(text: str) -> datetime:
    portal = _DATE.fullmatch(text)
    if portal:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(portal[1]))
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
