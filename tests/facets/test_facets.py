"""Facets: what a result is made of, counted right whatever the cells are."""

from __future__ import annotations

import math
import sqlite3
from bisect import bisect_right
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.site import Site
from topmast_service.domain import access, dates, rows
from topmast_service.domain import job as moves
from topmast_service.domain.columns import Column
from topmast_service.domain.facets import FEW
from topmast_service.store import facets, tables
from topmast_service.store.tables import Table
from topmast_service.store.tally import MOST_CELLS

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
COLUMNS = [
    Column("instrument_name"),
    Column("filters", many=True),
    Column("calib_level", "int"),
    Column("t_exptime", "float", "s"),
    Column("mtFlag", "boolean"),
    Column("date_obs", "date"),
    Column("obs_id"),
]
MOMENTS = st.datetimes(datetime(2022, 1, 1), datetime(2023, 1, 1)).map(lambda d: dates.written(d.replace(tzinfo=UTC)))  # noqa: DTZ001 - made aware right here
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "instrument_name": st.none() | st.sampled_from(["MIRI/IMAGE", "MIRI/IFU", "miri/image", ""]),
            "filters": st.none() | st.lists(st.sampled_from(["F1", "F10", "G 1", "é"]), max_size=3).map("; ".join),
            "calib_level": st.none() | st.integers(-1, 3),
            "t_exptime": st.none() | st.floats(-10, 10) | st.sampled_from([1e300, -1e300]),
            "mtFlag": st.none() | st.booleans(),
            "date_obs": st.none() | MOMENTS,
            "obs_id": st.text("ab", max_size=2),
        }
    ),
    max_size=25,
)


def counted(path: Path, data: list[dict[str, Any]], where: list[str], columns: str = "", bins: int = 7) -> Any:
    tables.write(path, COLUMNS, data)
    table = Table(path, NOW)
    return facets.of_table(table, rows.ask(table.askable, where=where, columns=columns), bins)


def parts(cell: str | None) -> set[str]:
    return {p.strip() for p in (cell or "").split(";")} - {""}


@settings(max_examples=25)
@given(ROWS, st.sampled_from([[], ["calib_level:ge:2"], ["filters:eq:F1"], ["instrument_name:like:miri*"]]))
def test_every_row_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, data: list[dict[str, Any]], where: list[str]
) -> None:
    path = tmp_path_factory.mktemp("t") / "t.sqlite"
    names = ["instrument_name", "filters", "calib_level", "t_exptime", "mtFlag", "date_obs", "obs_id"]
    found = counted(path, data, where, ",".join(names))
    table = Table(path)
    fitting = list(table.every(rows.ask(table.columns, where=where)))
    assert (found.total, found.matching) == (len(data), len(fitting))
    for name, facet in zip(names, found.columns, strict=True):
        every, some = ([row[name] for row in of] for of in (data, fitting))
        if facet.values is None:
            check_histogram(facet, every, some)
            continue
        split = parts if name == "filters" else lambda cell: {cell} - {None}
        totals, counts = (Counter(v for cell in of for v in split(cell)) for of in (every, some))
        assert {v.value: (v.count, v.total) for v in facet.values} == {v: (counts[v], totals[v]) for v in totals}
        assert [v.count for v in facet.values] == sorted((v.count for v in facet.values), reverse=True)
        empty = [sum(not split(cell) for cell in of) for of in (some, every)]
        assert [facet.nulls.count, facet.nulls.total] == empty
        assert (facet.distinct, facet.more) == (len(totals), 0)


def check_histogram(facet: Any, every: list[Any], some: list[Any]) -> None:
    known, fitting = ([cell for cell in of if cell is not None] for of in (every, some))
    histogram = facet.histogram
    assert (facet.nulls.count, facet.nulls.total) == (len(some) - len(fitting), len(every) - len(known))
    assert (sum(histogram.totals), sum(histogram.counts), histogram.unread) == (len(known), len(fitting), 0)
    if not known:
        assert (histogram.edges, facet.min) == ([], None)
        return
    assert len(histogram.edges) == len(histogram.totals) + 1
    value = milliseconds if facet.column.type == "date" else float
    edges = [value(edge) for edge in histogram.edges]
    assert (edges[0], edges[-1]) == (min(map(value, known)), max(map(value, known)))
    for told, cells in ((histogram.totals, known), (histogram.counts, fitting)):
        places = Counter(min(bisect_right(edges, value(cell)), len(edges) - 1) - 1 for cell in cells)
        assert told == [places[place] for place in range(len(told))]


def milliseconds(moment: str) -> float:
    """As SQLite rounds them."""
    return math.floor((dates.read(moment) - dates.UNIX_EPOCH) / timedelta(milliseconds=1) + 0.5)


MJD = st.none() | st.floats(58000, 64000)
DECIDING = st.fixed_dictionaries(
    {},
    optional={
        "calib_level": st.none() | st.integers(-1, 3),
        "dataRights": st.sampled_from([None, "", "PUBLIC", "public", "EXCLUSIVE_ACCESS", "RESTRICTED", "odd"]),
        "t_obs_release": MJD,
        "isRestricted": st.none() | st.booleans(),
        "publicReleaseDate_mjd": MJD,
        "publicReleaseDate": st.none() | MOMENTS | st.just("2030-01-01T00:00:00Z"),
    },
)
TYPES = {"calib_level": "int", "isRestricted": "boolean", "t_obs_release": "float", "publicReleaseDate_mjd": "float"}


@settings(max_examples=40)
@given(DECIDING.filter(bool))
def test_sql_and_the_rule_agree_on_access(tmp_path_factory: pytest.TempPathFactory, row: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("t") / "t.sqlite"
    tables.write(path, [Column("obs_id"), *(Column(name, TYPES.get(name, "string")) for name in row)], [row])
    found = Table(path, NOW)
    (told,) = found.page(rows.ask(found.askable, columns="access,release")).items
    assert told["access"] == access.of_row(row, NOW)
    until = access.release(row) if told["access"] == access.EXCLUSIVE else None
    assert (told["release"] is None) is (until is None)
    assert until is None or abs(dates.read(told["release"]) - until) <= timedelta(seconds=0.51)
    assert found.page(rows.ask(found.askable, where=[f"access:eq:{told['access']}"], sort="access")).total == 1


def test_rows_that_stand_for_no_data_have_no_access(tmp_path: Path) -> None:
    tables.write(tmp_path / "t.sqlite", [Column("program")], [{"program": "1558"}])
    found = Table(tmp_path / "t.sqlite", NOW)
    assert found.page(rows.ask(found.askable)).items == [{"_row": 1, "program": "1558"}]


def test_what_has_too_many_values_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    many = MOST_CELLS + 1
    data = [{"obs_id": f"o{n}", "calib_level": n % (FEW + 1), "instrument_name": f"I{n % FEW}"} for n in range(many)]
    found = counted(tmp_path / "t", data, ["obs_id:like:o1*"])
    assert [facet.column.name for facet in found.columns] == ["access", "instrument_name"]
    spread, ids = counted(tmp_path / "t", data, [], "calib_level,obs_id").columns
    assert (spread.values, spread.distinct, sum(spread.histogram.totals)) == (None, FEW + 1, many)
    assert (len(ids.values), ids.distinct) == (500, many)
    assert ids.more == many - 500


def test_a_cell_that_is_no_number_is_told(tmp_path: Path) -> None:
    data = [{"t_exptime": 1.0}, {"t_exptime": "long"}, {"t_exptime": math.inf}, {"t_exptime": 3}, {}]
    (facet,) = counted(tmp_path / "t", data, [], "t_exptime", bins=2).columns
    assert (facet.histogram.totals, facet.histogram.unread, facet.nulls.total) == ([1, 1], 2, 1)


def test_the_tally_of_the_writer_and_a_count_afterwards_are_the_same(tmp_path: Path) -> None:
    data = [{"instrument_name": cell, "mtFlag": flag} for cell in (1558, "1558", None, "b") for flag in (True, None)]
    tables.write(tmp_path / "t", COLUMNS, data)
    table = Table(tmp_path / "t")
    question = rows.ask(table.columns, columns="instrument_name,mtFlag", where=["instrument_name:ne:b"])
    before = facets.of_table(table, question, 5)
    with closing(sqlite3.connect(tmp_path / "t")) as base:
        base.execute("DROP TABLE tally")
    assert facets.of_table(table, question, 5) == before
    assert before.columns[0].values[0] == facets.Value(4, 4, "1558")


M57 = [
    *({"obs_collection": "JWST", "instrument_name": "MIRI/IMAGE", "calib_level": 3} for _ in range(9)),
    *({"obs_collection": "JWST", "instrument_name": "NIRCAM/IMAGE", "calib_level": -1} for _ in range(4)),
    *({"obs_collection": "HST", "instrument_name": "ACS/WFC", "calib_level": 2, "dataRights": "PUBLIC"} for _ in "ab"),
]


def test_counts_per_mission_instrument_and_level(client: FlaskClient, site: Site) -> None:
    address = f"/v1/searches/{site.search(rows=M57).id}/facets"
    answer = client.get(
        f"{address}?where=obs_collection:eq:jwst&columns=obs_collection,instrument_name,calib_level,access"
    )
    assert (answer.json["total"], answer.json["matching"]) == (15, 13)
    told = {f["name"]: [(v["value"], v["count"], v["total"]) for v in f["values"]] for f in answer.json["columns"]}
    assert told == {
        "obs_collection": [("JWST", 13, 13), ("HST", 0, 2)],
        "instrument_name": [("MIRI/IMAGE", 9, 9), ("NIRCAM/IMAGE", 4, 4), ("ACS/WFC", 0, 2)],
        "calib_level": [(3, 9, 9), (-1, 4, 4), (2, 0, 2)],
        "access": [("unknown", 9, 9), ("planned", 4, 4), ("public", 0, 2)],
    }
    default = client.get(address).json["columns"]
    assert [f["name"] for f in default] == ["access", "obs_collection", "instrument_name", "calib_level", "dataRights"]


def test_a_tick_in_a_facet_is_a_filter_of_the_rows(client: FlaskClient, site: Site) -> None:
    address = f"/v1/searches/{site.search(rows=M57).id}"
    for facet in client.get(f"{address}/facets").json["columns"]:
        for value in facet["values"]:
            where = f"{facet['name']}:eq:{value['value']}"
            assert client.get(f"{address}/rows", query_string={"where": where}).json["total"] == value["total"], where


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("columns=instrument", 422, "unknown_column"),
        ("where=calib_level:ge:high", 422, "invalid"),
        ("bins=101", 422, "invalid"),
        ("bins=0", 422, "invalid"),
        ("limit=3", 422, "invalid"),
    ],
)
def test_mistakes_are_told(client: FlaskClient, site: Site, query: str, status: int, code: str) -> None:
    answer = client.get(f"/v1/searches/{site.search().id}/facets?{query}")
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_what_has_no_rows_has_no_facets(client: FlaskClient, site: Site) -> None:
    def told(job: moves.Job) -> tuple[int, str]:
        answer = client.get(f"/v1/searches/{job.id}/facets")
        return answer.status_code, answer.json["code"]

    assert told(site.search(moves.EXECUTING)) == (409, "not_ready")
    assert told(site.search(owner="bob")) == (404, "unknown_job")
    gone = site.search(moves.ARCHIVED)
    (site.settings.tables / f"{gone.id}.sqlite").unlink()
    assert told(gone) == (410, "expired")
    empty = client.get(f"/v1/searches/{site.search(rows=[]).id}/facets?columns=t_min,obs_id").json
    assert (empty["total"], empty["matching"], empty["columns"][0]["histogram"]["edges"]) == (0, 0, [])
