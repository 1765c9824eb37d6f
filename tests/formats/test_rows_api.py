"""GET /v1/searches/{id}/rows in every format: chosen by Accept or format=, whole, with the same cells as JSON."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.site import COLUMNS, Site
from tests.formats.reading import Row, carried, read
from tests.formats.test_round_trip import same
from topmast_service.domain.columns import Column
from topmast_service.domain.job import ARCHIVED, EXECUTING
from topmast_service.domain.rows import Question
from topmast_service.formats import FORMATS, About
from topmast_service.store import tables
from topmast_service.workflows.control import rows_table

ALL = [Column("_row", "int"), *COLUMNS, Column("access")]
DATA = ["csv", "ecsv", "votable", "parquet"]
MANY = [{"obs_id": f"jw{n}", "t_min": n / 3, "calib_level": n % 4, "target_name": "x" * (n % 5)} for n in range(1234)]
MANY[7]["t_min"] = math.nan


def rows_of(client: FlaskClient, path: str, name: str, shown: list[Column] = ALL, **query: Any) -> list[Row]:
    answer = client.get(path, query_string={**query, "format": name})
    assert answer.status_code == 200, answer.text
    return read(name, answer.data, shown)


def as_carried(name: str, rows: list[Row], columns: list[Column] = ALL) -> list[Row]:
    return [{c.name: carried(name, c, row[c.name]) for c in columns} for row in rows]


def test_the_cells_of_the_pages(client: FlaskClient, site: Site) -> None:
    path = f"/v1/searches/{site.search().id}/rows"
    pages = client.get(path).json["items"]
    for name in DATA:
        assert same(rows_of(client, path, name), as_carried(name, pages))
    assert {row["access"] for row in pages} == {"public", "exclusive", "planned", "restricted", "unknown"}


@pytest.mark.parametrize("sort", ["", "-calib_level,target_name", "target_name,-t_min", "access,-obs_id"])
def test_all_rows_in_the_order_of_the_pages(client: FlaskClient, site: Site, sort: str) -> None:
    path = f"/v1/searches/{site.search(rows=MANY).id}/rows"
    asked = {"where": ["t_min:ge:5", "calib_level:in:1,2,3"], "sort": sort, "columns": "obs_id,t_min,obs_id"}
    columns = [Column("_row", "int"), Column("obs_id"), Column("t_min", "float"), Column("access")]
    page = client.get(path, query_string={**asked, "limit": 1000}).json
    assert page["total"] == len(page["items"]) > 900
    for name in DATA:
        assert same(rows_of(client, path, name, columns, **asked), as_carried(name, page["items"], columns))


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("application/x-votable+xml;serialization=BINARY2", "application/x-votable+xml"),
        ("application/json;q=0.5, text/ecsv", "text/ecsv"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
    ],
)
def test_accept_chooses(client: FlaskClient, site: Site, accept: str, mimetype: str) -> None:
    answer = client.get(f"/v1/searches/{site.search().id}/rows", headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype, answer.vary.as_set()) == (200, mimetype, {"accept"})


def test_no_such_format(client: FlaskClient, site: Site) -> None:
    path = f"/v1/searches/{site.search().id}/rows"
    answer = client.get(path, headers={"Accept": "application/fits"})
    assert (answer.status_code, answer.json["code"]) == (406, "not_acceptable")
    assert "text/csv" in answer.json["detail"]
    assert client.get(path, headers={"Accept": "application/fits"}, query_string={"format": "csv"}).status_code == 200
    assert client.get(path, query_string={"format": "xls"}).status_code == 422


@pytest.mark.parametrize("query", [{"limit": 5}, {"cursor": "abc"}])
def test_a_file_is_no_page(client: FlaskClient, site: Site, query: dict[str, Any]) -> None:
    answer = client.get(f"/v1/searches/{site.search().id}/rows", query_string={"format": "votable", **query})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, next(iter(query)))


@pytest.mark.parametrize("query", [{"where": "t_min:gt:soon"}, {"where": "nope:eq:1"}, {"sort": "nope"}])
def test_what_cannot_be_asked_is_refused_before_a_file_begins(
    client: FlaskClient, site: Site, query: dict[str, str]
) -> None:
    answer = client.get(f"/v1/searches/{site.search().id}/rows", query_string={"format": "csv", **query})
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


def test_the_name_says_what_a_csv_cannot(client: FlaskClient, site: Site) -> None:
    search = site.search()
    path = f"/v1/searches/{search.id}/rows"
    said = client.get(path, query_string={"format": "csv"}).headers["Content-Disposition"]
    assert said == f'attachment; filename="topmast-{search.id}.csv"'
    site.change(search.id, result={**search.result, "truncated": True, "truncated_because": "too many"})
    answer = client.get(path, query_string={"format": "votable"})
    assert answer.headers["Content-Disposition"] == f'attachment; filename="topmast-{search.id}-truncated.vot"'
    assert b"OVERFLOW" in answer.data
    assert client.get(path, query_string={"format": "html"}).headers["Content-Disposition"].startswith("inline")


def test_rows_that_are_not_there_are_told_as_for_json(client: FlaskClient, site: Site) -> None:
    for phase, code in ((EXECUTING, "not_ready"), (ARCHIVED, None)):
        search = site.search(phase)
        rows_table(site.settings.tables.absolute(), search.id).unlink(missing_ok=True)
        told = [client.get(f"/v1/searches/{search.id}/rows", query_string={"format": f}) for f in ("json", "parquet")]
        assert told[0].status_code == told[1].status_code >= 400
        assert told[0].json["code"] == told[1].json["code"] == (code or told[0].json["code"])


def test_every_place_comes_back(client: FlaskClient, site: Site) -> None:
    """Read, only asked for (HEAD), given up after the first piece: eight threads have four places."""
    path = f"/v1/searches/{site.search(rows=MANY).id}/rows?format=csv"
    for _ in range(6):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code in {200, 405}
        unread = client.get(path, buffered=False)
        next(unread.iter_encoded())
        unread.close()


def test_one_who_reads_nothing_holds_a_place(client: FlaskClient, site: Site) -> None:
    path = f"/v1/searches/{site.search(rows=MANY).id}/rows?format=csv"
    open_ones = [client.get(path, buffered=False) for _ in range(site.settings.api_threads // 2)]
    refused = client.get(path)
    assert (refused.status_code, refused.json["code"], "Retry-After" in refused.headers) == (503, "busy", True)
    assert client.get(path.partition("?")[0]).status_code == 200
    open_ones.pop().close()
    assert client.get(path).status_code == 200
    for answer in open_ones:
        answer.close()


def test_a_cell_of_another_type_makes_its_column_text(client: FlaskClient, site: Site) -> None:
    """MAST's columns are what they are called until a cell is not: then nothing is lost, and no file breaks."""
    odd = [*MANY[:3], {"obs_id": "odd", "t_min": "soon", "calib_level": 2.5, "mtFlag": "maybe", "t_max": 1}]
    search = site.search(rows=odd)
    with closing(sqlite3.connect(rows_table(site.settings.tables.absolute(), search.id))) as base:
        assert base.execute("SELECT typeof(t_min) FROM rows WHERE obs_id = 'odd'").fetchone() == ("text",)
    texts = {"t_min", "calib_level", "mtFlag"}
    columns = [Column(c.name, "string" if c.name in texts else c.type) for c in ALL]
    for name in DATA:
        last = rows_of(client, f"/v1/searches/{search.id}/rows", name, columns)[-1]
        assert [last[c] for c in ("t_min", "calib_level", "mtFlag", "t_max")] == ["soon", "2.5", "maybe", 1.0]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("2022-07-11T12:00:00.309Z", "date"),
        ("2022-07-11", "date"),
        ("2022-02-30T00:00:00Z", "string"),
        ("2022-07-11T24:00:00Z", "string"),
        ("0000-01-01T00:00:00Z", "string"),
        ("now", "string"),
        ("59733.5", "string"),
        ("", "string"),
    ],
)
def test_dates_that_no_calendar_has_are_texts(tmp_path: Path, cell: str, kind: str) -> None:
    columns = [Column("date_obs", "date")]
    tables.write(tmp_path / "t", columns, [{"date_obs": "2022-07-11T12:00:00Z"}, {"date_obs": cell}, {}])
    table = tables.Table(tmp_path / "t")
    fitting = list(table.fitting().values())
    assert fitting == [Column("date_obs", kind)]
    data = b"".join(FORMATS["parquet"].write(fitting, table.every(Question()), About("")))
    assert [row["date_obs"] is None for row in read("parquet", data, fitting)] == [False, False, True]


def test_a_cell_that_is_no_text_keeps_every_digit_in_a_column_of_texts(client: FlaskClient, site: Site) -> None:
    given = [390.4363057343289, True, 87602459, ["a", 1.5], math.nan, None, ""]
    search = site.search(rows=[{"obs_id": f"o{n}", "obsid": cell} for n, cell in enumerate(given)])
    told = ["390.4363057343289", "true", "87602459", '["a", 1.5]', None, None, ""]
    path = f"/v1/searches/{search.id}/rows"
    assert [row["obsid"] for row in client.get(path).json["items"]] == told
    assert [row["obsid"] for row in rows_of(client, path, "parquet")] == told


def test_nobody_elses(client: FlaskClient, site: Site) -> None:
    path = f"/v1/searches/{site.search(owner='bob').id}/rows"
    assert {client.get(path, query_string={"format": name}).status_code for name in FORMATS} == {404}
