"""What changed since: every difference is told once, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topmast_service.domain.columns import Column
from topmast_service.store import changes, tables
from topmast_service.store.tables import Table

COLUMNS = [Column("obsid"), Column("t_min", "float"), Column("calib_level", "int"), Column("distance", "float")]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "obsid": st.none() | st.sampled_from("abcdefgh"),
            "t_min": st.none() | st.sampled_from([0.0, 1.5]),
            "calib_level": st.none() | st.integers(1, 2),
            "distance": st.floats(0, 1),
        }
    ),
    max_size=12,
)


def difference(folder: Path, new: list[dict[str, Any]], old: list[dict[str, Any]], gone: bool = True) -> Any:
    tables.write(folder / "new", COLUMNS, new)
    tables.write(folder / "old", COLUMNS, old)
    count = changes.write(folder / "since", Table(folder / "new"), Table(folder / "old"), "obsid", gone=gone)
    found = list(Table(folder / "since").rows())
    assert count == len(found)
    assert sorted(p.name for p in folder.iterdir()) == ["new", "old", "since"]
    return found


def cells(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["obsid"], row["t_min"], row["calib_level"]


@settings(max_examples=40)
@given(ROWS, ROWS)
def test_the_changes_turn_the_old_rows_into_the_new(
    tmp_path_factory: pytest.TempPathFactory, new: list[dict[str, Any]], old: list[dict[str, Any]]
) -> None:
    found = difference(tmp_path_factory.mktemp("t"), new, old)
    told = {kind: [row for row in found if row["_change"] == kind] for kind in ("new", "changed", "gone")}
    before, after = Counter(map(cells, old)), Counter(map(cells, new))
    changed_keys = {row["obsid"] for row in told["changed"]}
    was = Counter(cells(row) for row in old if row["obsid"] in changed_keys)
    rebuilt = before - was - Counter(map(cells, told["gone"]))
    assert rebuilt + Counter(map(cells, told["changed"])) + Counter(map(cells, told["new"])) == after
    assert not {cells(row) for row in told["gone"]} - before.keys()
    for row in told["changed"]:
        (earlier,) = (o for o in old if o["obsid"] == row["obsid"])
        assert row["_changed"].split(";") == [n for n in ("t_min", "calib_level") if row[n] != earlier[n]]
    assert all(row["_changed"] is None for row in (*told["new"], *told["gone"]))
    same = {cells(row) for row in told["new"]} & {cells(row) for row in told["gone"]}
    assert not same


def test_without_gone_nothing_is_called_gone(tmp_path: Path) -> None:
    assert difference(tmp_path, [{"obsid": "a"}], [{"obsid": "a"}, {"obsid": "b"}], gone=False) == []


def test_hundreds_of_columns_are_compared(tmp_path: Path) -> None:
    wide = [Column(f"c'{n}") for n in range(500)]
    for name, value in (("new", "x"), ("old", "y")):
        tables.write(tmp_path / name, wide, [{"c'0": "key", "c'7": value, "c'499": value, "c'3": "same"}])
    changes.write(tmp_path / "since", Table(tmp_path / "new"), Table(tmp_path / "old"), "c'0", gone=True)
    (row,) = Table(tmp_path / "since").rows()
    assert (row["_change"], row["_changed"]) == ("changed", "c'7;c'499")
