"""What changed since: every difference is told once, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.site import Site
from topmast_service.domain import job as moves
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


@settings(max_examples=30)
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


def observed(obsid: int, **more: Any) -> dict[str, Any]:
    return {"obsid": str(obsid), "obs_id": f"o{obsid}", "dataRights": "PUBLIC", "t_min": 59_764.5, **more}


BEFORE = [observed(1), observed(2, dataRights="EXCLUSIVE_ACCESS"), observed(3)]
AFTER = [observed(1), observed(2, t_min=None), observed(4)]


def test_rows_since_an_earlier_search(client: FlaskClient, site: Site) -> None:
    old, new = site.search(rows=BEFORE).id, site.search(rows=AFTER).id
    address = f"/v1/searches/{new}/rows"
    answer = client.get(f"{address}?since={old}&columns=obs_id,_change,_changed")
    told = [(row["obs_id"], row["_change"], row["_changed"], row["access"]) for row in answer.json["items"]]
    assert told == [
        ("o2", "changed", "t_min;dataRights", "public"), ("o4", "new", None, "public"), ("o3", "gone", None, "public"),
    ]  # fmt: skip
    assert (answer.json["total"], answer.json["notes"]) == (3, [])
    first = client.get(f"{address}?since={old}&sort=-obs_id&limit=1").json
    rest = client.get(f"{address}?since={old}&sort=-obs_id&limit=5&cursor={first['next']}").json
    assert [row["obs_id"] for row in first["items"] + rest["items"]] == ["o4", "o3", "o2"]
    other = client.get(f"{address}?sort=-obs_id&cursor={first['next']}")
    assert (other.status_code, other.json["code"]) == (400, "cursor_mismatch")
    assert client.get(f"{address}?since={old}&where=_changed:eq:dataRights").json["total"] == 1
    (facet,) = client.get(f"/v1/searches/{new}/facets?since={old}&columns=_change").json["columns"]
    assert {v["value"]: v["total"] for v in facet["values"]} == {"changed": 1, "gone": 1, "new": 1}
    assert client.get(f"{address}?since={old}&format=csv").text.count("\n") == 4
    client.delete(f"/v1/jobs/{new}")
    assert [p.name for p in site.settings.tables.iterdir()] == [f"{old}.sqlite"]


def test_a_search_that_was_cut_off_calls_nothing_gone(client: FlaskClient, site: Site) -> None:
    old, new = site.search(rows=BEFORE), site.search(rows=AFTER)
    site.change(new.id, result={**new.result, "truncated": True})
    answer = client.get(f"/v1/searches/{new.id}/rows?since={old.id}").json
    assert [row["_change"] for row in answer["items"]] == ["changed", "new"]
    assert [note.partition(" was ")[0] for note in answer["notes"]] == [new.id]
    site.change(old.id, result={**old.result, "truncated": True}, request={"target": "m57 r=2m"})
    notes = client.get(f"/v1/searches/{new.id}/rows?since={old.id}").json["notes"]
    assert len(notes) == 3
    assert "different questions" in notes[2]


def test_what_cannot_be_compared_is_told(client: FlaskClient, site: Site) -> None:
    search = site.search(rows=AFTER)

    def told(since: str, of: str = search.id) -> tuple[int, str]:
        answer = client.get(f"/v1/searches/{of}/rows?since={since}")
        return answer.status_code, answer.json["code"]

    assert told(search.id) == (422, "not_comparable")
    assert told(site.search(owner="bob").id) == (404, "unknown_job")
    assert told(site.search(moves.EXECUTING).id) == (409, "not_ready")
    assert told(site.search(moves.ERROR).id) == (409, "no_result")
    gone = site.search(moves.ARCHIVED)
    (site.settings.tables / f"{gone.id}.sqlite").unlink()
    assert told(gone.id) == (410, "expired")
    other = site.search()
    site.change(other.id, request={"collection": "wavefront"})
    assert told(other.id) == (422, "not_comparable")
    samples = [site.search(), site.search()]
    for each in samples:
        site.change(each.id, request={"collection": "engineering"})
    assert told(samples[0].id, samples[1].id) == (422, "not_comparable")
    assert told("b_0123456789abcdef")[0] == 422
