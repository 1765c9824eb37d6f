"""Pages of rows and jobs: put together they are the whole, whatever the order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.contract_texts import conditions, orders
from tests.api.site import COLUMNS, Site
from topmast_service.domain import job as moves

CELLS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.one_of(st.none(), st.sampled_from(["a", "A", "b", "é", "", "jw01"]), st.text(max_size=3)),
    "int": st.one_of(st.none(), st.integers(-2, 3)),
    "float": st.one_of(st.none(), st.sampled_from([0.0, -1.5, 59000.25, 1e300]), st.floats(allow_infinity=False)),
    "boolean": st.one_of(st.none(), st.booleans()),
}
FEW = [c for c in COLUMNS if c.name in {"obs_id", "target_name", "calib_level", "t_min", "mtFlag"}]
ROWS = st.lists(st.fixed_dictionaries({c.name: CELLS[c.type] for c in FEW}), max_size=12)


def walk(client: FlaskClient, address: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    """All items, page by page along Link."""
    answer = client.get(address, query_string=query)
    items: list[dict[str, Any]] = []
    for _ in range(100):
        assert answer.status_code == 200, answer.text
        items += answer.json["items"]
        if answer.json["next"] is None:
            assert "Link" not in answer.headers
            return items
        target = answer.headers["Link"].partition(">")[0].lstrip("<")
        assert parse_qs(urlsplit(target).query)["cursor"] == [answer.json["next"]]
        answer = client.get(target)
    raise AssertionError("the pages never end")


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, sort=orders(FEW), where=st.lists(conditions(FEW), max_size=2), limit=st.integers(1, 4))
def test_pages_make_the_whole(site: Site, rows: list[dict[str, Any]], sort: str, where: list[str], limit: int) -> None:
    client, address = site.client(), f"/v1/searches/{site.search(rows=rows).id}/rows"
    whole = client.get(address, query_string={"sort": sort, "where": where, "limit": 1000}).json
    pages = walk(client, address, {"sort": sort, "where": where, "limit": limit})
    assert pages == whole["items"]
    assert len(pages) == whole["total"]
    if not where:
        assert sorted(row["_row"] for row in pages) == list(range(1, len(rows) + 1))


def test_a_cursor_is_bound_to_its_question(client: FlaskClient, site: Site) -> None:
    address = f"/v1/searches/{site.search().id}/rows"
    cursor = client.get(address, query_string={"sort": "obs_id", "limit": 2}).json["next"]
    for other in ({"sort": "-obs_id"}, {"sort": "obs_id", "where": "calib_level:gt:0"}, {}):
        answer = client.get(address, query_string={**other, "cursor": cursor})
        assert (answer.status_code, answer.json["code"]) == (400, "cursor_mismatch")


def test_the_manifest_survives_its_files_and_is_not_sent_twice(client: FlaskClient, site: Site) -> None:
    address = f"/v1/bundles/{site.bundle(moves.ARCHIVED).id}/manifest"
    first = client.get(address)
    assert [item["status"] for item in first.json["items"]] == ["OK", "OK"]
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert not first.headers["ETag"].startswith("W/")
    other = client.get(f"{address}?limit=1", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert client.get(f"{address}?format=csv").json["code"] == "expired"


@pytest.mark.parametrize(
    ("query", "accept", "kind", "start"),
    [
        ("?format=csv", "*/*", "text/csv", "dataURI,"),
        ("", "text/csv", "text/csv", "dataURI,"),
        ("", "*/*", "application/json", "{"),
        ("?format=json", "text/html", "application/json", "{"),
    ],
)
def test_the_manifest_comes_as_asked(query: str, accept: str, kind: str, start: str, site: Site) -> None:
    client = site.client()
    address = f"/v1/bundles/{site.bundle().id}/manifest{query}"
    answer = client.get(address, headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (200, kind)
    assert answer.text.lower().startswith(start.lower())
    assert "Accept" in answer.headers["Vary"]
    assert client.get(address, headers={"Accept": accept, "If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("query", "accept"), [("?format=html", "*/*"), ("", "text/html,application/xhtml+xml,*/*;q=0.8")]
)
def test_the_manifest_as_a_page_is_the_box_s_own(query: str, accept: str, site: Site) -> None:
    client, bundle = site.client(), site.bundle()
    told = client.get(f"/v1/bundles/{bundle.id}/manifest{query}", headers={"Accept": accept})
    assert (told.status_code, told.data) == (303, b"")
    assert told.headers["Location"] == f"/v1/bundles/{bundle.id}/files/MANIFEST.HTML"
    assert "Accept" in told.headers["Vary"]
    assert client.get(told.headers["Location"]).text.startswith("<!DOCTYPE html>")
    gone = site.bundle(moves.ARCHIVED)
    assert client.get(f"/v1/bundles/{gone.id}/manifest?format=html").json["code"] == "expired"
    refused = client.get(f"/v1/bundles/{bundle.id}/manifest?format=html&limit=1")
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")


def test_jobs_are_listed_newest_first_in_pages(client: FlaskClient, site: Site) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = [site.search(moves.QUEUED, created=start + timedelta(seconds=n // 3)) for n in range(11)]
    site.search(owner="bob")
    listed = [job["id"] for job in walk(client, "/v1/jobs", {"limit": 3})]
    assert listed == [job.id for job in sorted(made, key=lambda job: (job.created, job.id), reverse=True)]


def test_jobs_are_filtered(client: FlaskClient, site: Site) -> None:
    old = datetime.now(UTC) - timedelta(days=2)
    jobs = {
        "old": site.search(created=old, label="ring"),
        "young": site.search(moves.ERROR, label="ring"),
        "box": site.bundle(),
        "foreign": site.search(owner="bob"),
    }

    def listed(**query: Any) -> set[str]:
        ids = {job["id"] for job in walk(client, "/v1/jobs", {"limit": 1, **query})}
        return {name for name, job in jobs.items() if job.id in ids}

    assert listed() == {"old", "young", "box"}
    assert listed(kind="bundle") == {"box"}
    assert listed(phase=["ERROR", "QUEUED"]) == {"young"}
    assert listed(label="ring", phase="COMPLETED") == {"old"}
    assert listed(after=(old + timedelta(hours=1)).isoformat()) == {"young", "box"}
    assert listed(after="2999-12-31T23:59:60-14:00") == set()
    assert listed(ids=",".join(job.id for job in jobs.values())) == {"old", "young", "box"}
    assert listed(ids="s_0123456789abcdef") == set()
    assert client.get("/v1/jobs", query_string={"ids": ",".join(["s_0123456789abcdef"] * 201)}).status_code == 422
    cursor = client.get("/v1/jobs?limit=1").json["next"]
    assert client.get(f"/v1/jobs?kind=search&cursor={cursor}").json["code"] == "cursor_mismatch"
