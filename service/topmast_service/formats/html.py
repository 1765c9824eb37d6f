"""HTML, for people: one page that needs nothing else, with the query, the counts, the age, and the columns explained.

Nothing in it runs (api/envelope.py forbids scripts): the head stays in view, long cells open under the pointer, and a
Modified Julian Date tells its day there. The page ends after `MOST_ROWS` rows and says so at its top; a browser can do
nothing good with more. Long texts are cut, and say how long they are. Nulls are blank cells; an empty string looks the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from itertools import islice
from string import Template
from typing import Any

from topmast_service.domain import dates
from topmast_service.domain.columns import Column
from topmast_service.formats.about import About
from topmast_service.formats.pieces import joined

NAME = "html"
MEDIA_TYPE = "text/html; charset=utf-8"
EXTENSION = "html"

MOST_ROWS = 10_000
MOST_TEXT = 300
"""Characters of a text that are shown: 10,000 footprints of 20 kB would be a page of 200 MB."""


def write(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], about: About) -> Iterator[bytes]:
    """The page in pieces."""
    return joined(_texts(columns, rows, about))


def _texts(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], about: About) -> Iterator[str]:
    head, tail = _page().split("<!-- rows -->")
    yield Template(head).substitute(_said(columns, about))
    cells = [(c.name, _shown(c)) for c in columns]
    for row in islice(rows, MOST_ROWS):
        line = ["<td></td>" if (value := row[name]) is None else shown(value) for name, shown in cells]
        yield f"<tr>{''.join(line)}</tr>\n"
    yield tail


def _said(columns: Sequence[Column], about: About) -> dict[str, str]:
    return {
        "title": escape(about.title),
        "rows": f"{about.rows:,}",
        "warnings": "".join(f'<p class="warning">{escape(text)}</p>\n' for text in _warnings(about)),
        "facts": "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>\n" for name, text in _facts(about)),
        "columns": str(len(columns)),
        "meanings": "".join(f"<dt>{escape(c.name)}</dt><dd>{escape(_meaning(c))}</dd>\n" for c in columns),
        "heads": "".join(f'<th title="{escape(_meaning(c))}">{escape(c.name)}</th>' for c in columns),
    }


def _warnings(about: About) -> Iterator[str]:
    if about.rows > MOST_ROWS:
        yield f"Only the first {MOST_ROWS:,} of {about.rows:,} rows are shown: ask for csv, ecsv, votable or parquet."
    if about.truncated is not None:
        yield f"MAST has more than it gave: {about.truncated}"
    if about.stale:
        yield f"MAST does not answer; these rows are of {about.as_of}."


def _facts(about: About) -> Iterator[tuple[str, str]]:
    for name, value in about.query.items():
        if value is not None:
            yield name, _plain(value)
    if about.api:
        yield "Asked", about.api
    if about.as_of:
        yield "As of", about.as_of
    yield from (("Note", note) for note in about.notes)


def _plain(value: Any) -> str:
    """A member of the request without braces and quotes."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        shown = ", ".join(_plain(inner) for inner in value[:20])
        return shown + (f", … ({len(value):,} in all)" if len(value) > 20 else "")
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _meaning(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    return f"{column.description}{unit}" or column.type


def _shown(column: Column) -> Callable[[Any], str]:
    if column.name == "access":
        return lambda value: f'<td class="{escape(str(value))}">{escape(str(value))}</td>'
    if column.type == "float" and column.unit == "d" and column.ucd.startswith("time."):
        return _day
    return {"int": _number, "float": _number, "boolean": _truth}.get(column.type, _text)


def _text(value: Any) -> str:
    text = str(value)
    more = f"… ({len(text):,} characters)" if len(text) > MOST_TEXT else ""
    return f"<td>{escape(text[:MOST_TEXT])}{more}</td>"


def _number(value: Any) -> str:
    return f'<td class="n">{value!r}</td>'


def _truth(value: Any) -> str:
    return f"<td>{'yes' if value else 'no'}</td>"


def _day(value: Any) -> str:
    try:
        said = dates.from_mjd(value).strftime("%Y-%m-%d %H:%M UTC")
    except OverflowError:  # a day that no calendar has
        said = ""
    return f'<td class="n" title="{said}">{value!r}</td>'


@cache
def _page() -> str:
    return files(__package__).joinpath("rows.html").read_text(encoding="utf-8")
