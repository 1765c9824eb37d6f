"""Tables of rows: what was written is read, in any order, page by page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain import rows
from topmast_service.domain.columns import Column
from topmast_service.domain.rows import Question
from topmast_service.errors import BadCursor, Expired, Invalid, UnknownColumn
from topmast_service.store import tables
from topmast_service.store.tables import Table

COLUMNS = [Column("name"), Column("level", "int"), Column("time", "float", "d", "when"), Column("moves", "boolean")]
CELLS = st.fixed_dictionaries(
    {
        "name": st.none() | st.text("aAbB,%_*é", max_size=3),
        "level": st.none() | st.integers(-999, 3),
        "time": st.none() | st.floats(-5, 5),
        "moves": st.none() | st.booleans(),
    }
)


def walked(table: Table, question: Question) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(100):
        page = table.page(question)
        found += page.items
        if page.next is None:
            return found
        order = ",".join(("-" if down else "") + name for name, down in question.sort)
        question = rows.ask(table.columns, sort=order, limit=question.limit, cursor=page.next)
    raise AssertionError("paging never ended")


@given(st.lists(CELLS, max_size=30), st.lists(st.sampled_from(["name", "-level", "time", "-moves"]), max_size=3, unique=True), st.integers(1, 7))  # fmt: skip  # noqa: E501
def test_pages_put_together_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[dict[str, Any]], order: list[str], limit: int
) -> None:
    path = tmp_path_factory.mktemp("t") / "t.sqlite"
    assert tables.write(path, COLUMNS, given_rows) == len(given_rows)
    table = Table(path)
    paged = walked(table, rows.ask(table.columns, sort=",".join(order), limit=limit))
    assert sorted(r["_row"] for r in paged) == list(range(1, len(given_rows) + 1))
    assert paged == table.page(rows.ask(table.columns, sort=",".join(order), limit=1000)).items
    assert [{k: v for k, v in r.items() if k != "_row"} for r in table.rows()] == given_rows


def test_types_survive_and_nan_is_null(tmp_path: Path) -> None:
    tables.write(tmp_path / "t", COLUMNS, [{"name": "ä", "level": -999, "time": math.nan, "moves": True}])
    (row,) = Table(tmp_path / "t").rows()
    assert row == {"_row": 1, "name": "ä", "level": -999, "time": None, "moves": True}
    assert Table(tmp_path / "t").columns["time"] == COLUMNS[2]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (["name:eq:NGC 6720"], [1]),
        (["name:eq:ngc 6720"], [1]),
        (["name:ne:ngc 6720"], [2, 3]),
        (["name:like:*6720*"], [1, 2]),
        (["name:like:%6720%"], []),
        (["name:in:ngc 6720,IC 434"], [1]),
        (["level:ge:2", "level:lt:3"], [2]),
        (["level:between:2,3"], [1, 2]),
        (["level:null:true"], [3]),
        (["level:null:false"], [1, 2]),
        (["moves:eq:true"], [2]),
        (["name:in:a\\,b"], [3]),
    ],
)
def test_conditions(tmp_path: Path, where: list[str], found: list[int]) -> None:
    data = [
        {"name": "NGC 6720", "level": 3, "moves": False},
        {"name": "NGC6720-X", "level": 2, "moves": True},
        {"name": "a,b", "level": None, "moves": None},
    ]
    tables.write(tmp_path / "t", COLUMNS, data)
    table = Table(tmp_path / "t")
    assert [r["_row"] for r in table.page(rows.ask(table.columns, where=where)).items] == found


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("eq:2022-07-11", [1, 2]),
        ("ne:2022-07-11", [3, 4]),
        ("in:2022-07-11T12:00:00.5Z,2022-07-12", [2, 3]),
        ("gt:2022-07-11", [3]),
        ("ge:2022-07-11", [1, 2, 3]),
        ("le:2022-07-11", [1, 2]),
        ("lt:2022-07-12", [1, 2]),
        ("lt:2022-07-11T12:00:00.5", [1]),
        ("gt:2022-07-11T12:00:00Z", [2, 3]),
        ("between:2022-07-11T12:00:00.1Z,2022-07-12", [2, 3]),
        ("null:true", [4]),
    ],
)
def test_dates_are_compared_as_times(tmp_path: Path, where: str, found: list[int]) -> None:
    cells = ["2022-07-11T12:00:00Z", "2022-07-11T12:00:00.500000Z", "2022-07-12T00:00:00Z", None]
    tables.write(tmp_path / "t", [Column("date_obs", "date")], [{"date_obs": cell} for cell in cells])
    table = Table(tmp_path / "t")
    asked = rows.ask(table.columns, where=[f"date_obs:{where}"])
    assert [r["_row"] for r in table.page(asked).items] == found
    with pytest.raises(Invalid, match="is no date"):
        table.page(rows.ask(table.columns, where=["date_obs:ge:yesterday"]))


@pytest.mark.parametrize(
    ("where", "found"),
    [("eq:f1", [1, 2]), ("ne:F1", [3, 4, 5]), ("in:F10,F%", [2, 3]), ("eq:F1;F10", [2]), ("eq:F1; F10", [2])],
)
def test_any_of_several_values_fits(tmp_path: Path, where: str, found: list[int]) -> None:
    cells = ["F1", "F1; F10", "F10;CLEAR", "F100", None]
    tables.write(tmp_path / "t", [Column("filters", many=True)], [{"filters": cell} for cell in cells])
    table = Table(tmp_path / "t")
    assert [r["_row"] for r in table.page(rows.ask(table.columns, where=[f"filters:{where}"])).items] == found


def test_a_cursor_is_bound_to_its_question(tmp_path: Path) -> None:
    tables.write(tmp_path / "t", COLUMNS, [{"name": str(n)} for n in range(5)])
    table = Table(tmp_path / "t")
    cursor = table.page(rows.ask(table.columns, sort="name", limit=2)).next or ""
    with pytest.raises(BadCursor):
        rows.ask(table.columns, sort="-name", limit=2, cursor=cursor)
    with pytest.raises(BadCursor):
        rows.ask(table.columns, cursor="nonsense")


def test_wrong_names_and_values_are_told(tmp_path: Path) -> None:
    tables.write(tmp_path / "t", COLUMNS, [])
    table = Table(tmp_path / "t")
    with pytest.raises(UnknownColumn) as told:
        rows.ask(table.columns, sort="nam")
    assert told.value.errors[0]["suggestions"] == ["name"]
    with pytest.raises(Invalid):
        rows.ask(table.columns, where=["level:about:3"])
    with pytest.raises(Invalid):
        table.page(rows.ask(table.columns, where=["level:eq:three"]))


def test_a_table_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(Expired):
        Table(tmp_path / "never")


def test_nothing_half_written_is_visible(tmp_path: Path) -> None:
    def broken() -> Any:
        yield {"name": "a"}
        raise RuntimeError

    with pytest.raises(RuntimeError):
        tables.write(tmp_path / "t", COLUMNS, broken())
    assert not (tmp_path / "t").exists()
