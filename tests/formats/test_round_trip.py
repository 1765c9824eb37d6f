"""Whatever a cell holds, it comes back: columns and cells drawn by hypothesis, read by astropy and pyarrow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.reading import Row, carried, null_bits, read
from topmast_service.domain.columns import Column
from topmast_service.formats import FORMATS, About

DATA = ["csv", "ecsv", "votable", "parquet"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["", " ", "#", "# a", '"', "a,b", "]]>", "&amp;", "<TD>", "a\nb", "a\r\nb", "\n", "NULL", "nan", "-999", "\ufeff",
     "true", "é", "α Cen", "😀", "\x00", "\x0b", "POLYGON ICRS " + "283.396133214 33.028566671 " * 800],
)  # fmt: skip
CELLS = {
    "string": TEXTS,
    "flag": st.sampled_from(["t", "f"]),
    "int": st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-999, 2**31, 2**53 + 1]),
    "float": st.floats(allow_nan=False) | st.sampled_from([-999.0, 0.1, 1e-300, 59733.66788310185, -0.0]),
    "boolean": st.booleans(),
    "date": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
}
PLAIN = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
ODD = st.from_regex(r"[A-Za-z_]([A-Za-z0-9_ .,\"&<-]{0,9}[A-Za-z0-9])?", fullmatch=True)


@st.composite
def tables(draw: st.DrawFn, named: st.SearchStrategy[str] = PLAIN, fewest: int = 1) -> tuple[list[Column], list[Row]]:
    """Up to ten columns of any type, and up to eight rows."""
    names = draw(st.lists(named, min_size=fewest, max_size=10, unique_by=str.lower))
    kinds = st.sampled_from(sorted(CELLS))
    columns = [Column(n, draw(kinds), draw(st.sampled_from(["", "deg", "d", "s"])), draw(TEXTS)) for n in names]
    cells = st.fixed_dictionaries({c.name: st.none() | CELLS[c.type] for c in columns})
    return columns, draw(st.lists(cells, max_size=8))


def written(name: str, columns: list[Column], rows: list[Row], about: About | None = None) -> bytes:
    return b"".join(FORMATS[name].write(columns, iter(rows), about or About("rows", rows=len(rows))))


@pytest.mark.parametrize("name", DATA)
@given(data=st.data())
@settings(max_examples=40)
def test_every_cell_comes_back(name: str, data: st.DataObject) -> None:
    # astropy makes an identifier of a VOTable field's name, and warns where it must change it
    columns, rows = data.draw(tables(PLAIN if name == "votable" else ODD, fewest=2 if name == "csv" else 1))
    found = read(name, written(name, columns, rows), columns)
    assert same(found, [{c.name: carried(name, c, row[c.name]) for c in columns} for row in rows])


def test_a_csv_of_one_column_has_no_blank_line() -> None:
    assert written("csv", [Column("a")], [{"a": None}, {"a": "x"}]) == b'a\r\n""\r\nx\r\n'


@given(table=tables())
@settings(max_examples=40)
def test_a_votable_tells_nulls_from_empty_strings(table: tuple[list[Column], list[Row]]) -> None:
    columns, rows = table
    data = written("votable", columns, rows)
    assert null_bits(data, columns) == [[row[c.name] is None for c in columns] for row in rows]


@given(table=tables(ODD))
@settings(max_examples=40)
def test_a_page_shows_every_text_and_runs_none(table: tuple[list[Column], list[Row]]) -> None:
    columns, rows = table
    page = written("html", columns, rows).decode()
    assert page.count("<tr>") == len(rows) + 1
    assert "<script" not in page.lower()
    assert page.count("<td") == len(rows) * len(columns)


def same(found: list[Row], wanted: list[Row]) -> bool:
    """Equal cells of equal kinds; -0.0 is not 0.0, and 1 is neither 1.0 nor true."""
    return [_exact(row) for row in found] == [_exact(row) for row in wanted]


def _exact(row: Row) -> dict[str, tuple[type, Any]]:
    return {name: (type(cell), repr(cell)) for name, cell in row.items()}
