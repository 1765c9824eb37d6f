"""ECSV 1.0 (astropy's APE 6): CSV whose head, in YAML, keeps types, units, descriptions and UCDs.

ECSV has one mark for "nothing": an empty string and a null both are ``""``, and read back masked. Its readers go by
lines: a line break within a cell is written as a space, and so are NUL and the other characters that a reader may take
for a line's end (FF, VT, FS, GS, RS, NEL, LS, PS); astropy also strips spaces at a cell's ends. The file's own head
says so. Dates are RFC 3339 texts (`astropy.time.Time` reads them): ECSV has no type for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from topmast_service.domain.columns import Column
from topmast_service.formats.about import About
from topmast_service.formats.pieces import joined

NAME = "ecsv"
MEDIA_TYPE = "text/ecsv; charset=utf-8"
"""None is registered; this one is in use."""
EXTENSION = "ecsv"

TYPES = {"string": "string", "int": "int64", "float": "float64", "boolean": "bool", "date": "string", "flag": "string"}

_LINE_ENDS = re.compile("[\x00\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_SPECIAL = re.compile('[",\x00\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]').search
_REMARK = "Nulls and empty strings are both empty cells; line breaks within cells are spaces."


def write(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], about: About) -> Iterator[bytes]:
    """The file in pieces."""
    return joined(_lines(columns, rows, about))


def _lines(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], about: About) -> Iterator[str]:
    cells = [(c.name, _WRITTEN.get(c.type, _text)) for c in columns]
    yield from (f"# {line}\n" for line in _head(columns, about))
    yield ",".join(_text(c.name) for c in columns) + "\n"
    for row in rows:
        line = ",".join(["" if (value := row[name]) is None else written(value) for name, written in cells])
        yield (line or '""') + "\n"  # a blank line is no row


def _head(columns: Sequence[Column], about: About) -> Iterator[str]:
    yield from ("%ECSV 1.0", "---", "delimiter: ','", "datatype:")
    yield from (f"- {_flow(_described(c))}" for c in columns)
    yield f"meta: {_flow(_meta(about))}"
    yield "schema: astropy-2.0"


def _described(column: Column) -> dict[str, Any]:
    told = {"name": column.name, "unit": column.unit, "datatype": TYPES[column.type], "description": column.description}
    meta = {"meta": {"ucd": column.ucd}} if column.ucd else {}
    return {name: _line(text) for name, text in told.items() if text} | meta


def _meta(about: About) -> dict[str, Any]:
    facts = {name: _line(text) for name, text in about.facts() if name != "note"}
    return {"title": _line(about.title), **facts, "notes": [*map(_line, about.notes), _REMARK]}


def _flow(value: Any) -> str:
    """One line of YAML; what is not printable ASCII is escaped."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False)
    return text.rstrip("\n")


def _line(value: Any) -> str:
    """A text without line ends; in YAML they would begin a line of the file."""
    return _LINE_ENDS.sub(" ", str(value))


def _text(value: Any) -> str:
    text = str(value)
    if text and not _SPECIAL(text) and text[0] != "#" and not text[0].isspace() and not text[-1].isspace():
        return text
    return '"' + _line(text).replace('"', '""') + '"'


_WRITTEN: Mapping[str, Callable[[Any], str]] = {"int": repr, "float": repr, "boolean": repr}
