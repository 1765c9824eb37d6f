"""Keyword rows as tables state them: ``keywords.csv`` with a column ``service``, or a ``keywords_SERVICE.csv`` each.

Columns have MAST's names and, where the sandbox knows them, its types; any other column is a number or a truth if all
its cells read as such, else text. A service has the columns that the sandbox knows, and those that its rows fill.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from topmast_sandbox.catalogue import keywords
from topmast_sandbox.catalogue.keyword_table import KeywordTable
from topmast_sandbox.catalogue.tables import MOST_CELL, TableError, typed

SERVICE = "service"
_TRUTHS = {"True", "False"}

Texts = dict[str, str]
Stated = tuple[str, int, Texts]
"""A row: its file, its line, its cells that are not blank."""


@dataclass(frozen=True)
class StatedKeywords:
    """The rows of one service, and its columns with the Portal's types."""

    columns: Sequence[tuple[str, str]]
    table: KeywordTable


def read(directory: Path) -> dict[str, StatedKeywords]:
    """Every service that the tables of a directory have rows of, by its name in small letters.

    Raises
    ------
    TableError
        A row of no service, or a cell of the wrong type.
    """
    found: dict[str, list[Stated]] = {}
    for path in sorted(directory.glob("keywords*.csv")):
        named = path.stem.removeprefix("keywords").removeprefix("_")
        for line, cells in _cells(path):
            service = (named or cells.get(SERVICE, "")).lower()
            if service not in keywords.INSTRUMENTS:
                raise TableError(f"{path.name}, line {line}: {service!r} is no service of {[*keywords.INSTRUMENTS]}")
            found.setdefault(service, []).append((path.name, line, cells))
    return {service: _stated(service, rows) for service, rows in found.items()}


def _cells(path: Path) -> Iterator[tuple[int, Texts]]:
    csv.field_size_limit(MOST_CELL)
    with path.open(newline="", encoding="utf-8-sig") as lines:
        for line, row in enumerate(csv.DictReader(lines), start=2):
            yield line, {name: text for name, text in row.items() if name and text and text.strip()}


def _stated(service: str, rows: Sequence[Stated]) -> StatedKeywords:
    columns = dict(keywords.columns(service))
    for name in dict.fromkeys(name for _, _, cells in rows for name in cells if name != SERVICE):
        columns.setdefault(name, _kind([cells[name] for _, _, cells in rows if name in cells]))
    made = (
        {name: typed(file, line, name, text, columns[name]) for name, text in cells.items() if name in columns}
        for file, line, cells in rows
    )
    return StatedKeywords(list(columns.items()), KeywordTable(columns, made, checksums_stated=True))


def _kind(texts: Sequence[str]) -> str:
    """The type of cells that nobody has stated; ``01`` is text, for as a number it would lose its zero."""
    if all(text in _TRUTHS for text in texts):
        return "boolean"
    if all(text.lstrip("-").isdigit() and str(int(text)) == text for text in texts):
        return "int"
    return "float" if all(_is_number(text) for text in texts) else "string"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    whole = text.lstrip("-").partition(".")[0]
    return whole == "0" or not whole.startswith("0")
