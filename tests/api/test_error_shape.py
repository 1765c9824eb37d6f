"""One shape of errors, whatever raised them."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site, open_site
from tests.servers_redis import start_redis
from topmast_service.api.problems import status_of
from topmast_service.domain import job as moves
from topmast_service.errors import Malformed, TopmastError

MEMBERS = {"type", "title", "status", "detail", "code", "hint", "request_id", "errors"}
Ask = Callable[[FlaskClient, Site], Any]


def post(path: str, data: bytes | str, kind: str = "application/json") -> Ask:
    return lambda client, site: client.post(path, data=data, content_type=kind)


def body(path: str, **members: Any) -> Ask:
    return lambda client, site: client.post(path, json=members)


SOURCES: dict[str, tuple[Ask, int, str]] = {
    "no route": (lambda c, s: c.get("/nowhere"), 404, "not_found"),
    "no job": (lambda c, s: c.get("/v1/jobs/b_0123456789abcdef"), 404, "unknown_job"),
    "another's job": (lambda c, s: c.get(f"/v1/jobs/{s.search(owner='bob').id}"), 404, "unknown_job"),
    "another kind": (lambda c, s: c.get(f"/v1/searches/{s.bundle().id}"), 404, "unknown_job"),
    "wrong method": (lambda c, s: c.delete("/v1/searches"), 405, "method_not_allowed"),
    "unknown parameter": (lambda c, s: c.get("/v1/jobs?lable=x"), 422, "invalid"),
    "limit too high": (lambda c, s: c.get("/v1/jobs?limit=1001"), 422, "invalid"),
    "limit no number": (lambda c, s: c.get("/v1/jobs?limit=1_0"), 422, "invalid"),
    "limit twice": (lambda c, s: c.get("/v1/jobs?limit=1&limit=2"), 422, "invalid"),
    "bad time": (lambda c, s: c.get("/v1/jobs?after=2026-13-01T00:00:00Z"), 422, "invalid"),
    "bad cursor": (lambda c, s: c.get("/v1/jobs?cursor=AAAA"), 400, "cursor_mismatch"),
    "no JSON": (post("/v1/searches", "{'target': 1}"), 400, "malformed"),
    "no object": (post("/v1/searches", "[]"), 400, "malformed"),
    "no body": (post("/v1/searches", ""), 400, "malformed"),
    "NaN": (post("/v1/searches", '{"criteria": {"t_min": NaN}}'), 400, "malformed"),
    "1e999": (post("/v1/searches", '{"criteria": {"t_min": 1e999}}'), 400, "malformed"),
    "a thousand levels": (post("/v1/searches", '{"label": ' + "[" * 900 + "]" * 900 + "}"), 400, "malformed"),
    "a million levels": (post("/v1/searches", "[" * 900_000), 400, "malformed"),
    "huge number": (post("/v1/searches", '{"label": ' + "1" * 5000 + "}"), 400, "malformed"),
    "half a surrogate pair": (post("/v1/searches", r'{"target": "\ud800"}'), 400, "malformed"),
    "not UTF-8": (post("/v1/searches", b'{"target": "\xff"}'), 400, "malformed"),
    "a form": (post("/v1/searches", "target=m57", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"),
    "too large": (post("/v1/searches", b" " * 10_000_001), 413, "too_large"),
    "unknown member": (body("/v1/searches", target="m57", tarrget="m57"), 422, "invalid"),
    "wrong type": (body("/v1/searches", target=57), 422, "invalid"),
    "NUL in a label": (body("/v1/searches", target="m57", label="a\0b"), 422, "invalid"),
    "unknown column": (body("/v1/searches", criteria={"instrument_nam": "MIRI"}), 422, "unknown_column"),
    "bad criterion": (body("/v1/searches", criteria={"t_min": "*"}), 422, "invalid"),
    "radius without unit": (body("/v1/searches", target="m57 r=1"), 422, "bad_target"),
    "nothing asked": (body("/v1/searches", criteria={}), 422, "empty_selection"),
    "foreign dataURI": (body("/v1/bundles", **{"from": {"uris": ["https://example.org/x"]}}), 422, "foreign_uri"),
    "nothing selected": (body("/v1/bundles", **{"from": {"observations": []}}), 422, "empty_selection"),
    "two sources": (body("/v1/bundles", **{"from": {"uris": ["mast:JWST/x"], "observations": ["a"]}}), 422, "invalid"),
    "no source": (body("/v1/bundles", select={}), 422, "invalid"),
    "true is no level": (
        body("/v1/bundles", **{"from": {"observations": ["a"]}, "select": {"levels": [True]}}), 422, "invalid",
    ),
    "mail injection": (
        body("/v1/bundles", **{"from": {"observations": ["a"]}, "notify": [{"email": "a@b.org\nBcc: c@d.org"}]}),
        422, "invalid",
    ),
    "unfinished search": (
        lambda c, s: c.post("/v1/bundles", json={"from": {"search": s.search(moves.QUEUED).id}}), 409, "not_ready",
    ),
    "rows too early": (lambda c, s: c.get(f"/v1/searches/{s.search(moves.QUEUED).id}/rows"), 409, "not_ready"),
    "rows of a failure": (lambda c, s: c.get(f"/v1/searches/{s.search(moves.ERROR).id}/rows"), 409, "no_result"),
    "no manifest yet": (lambda c, s: c.get(f"/v1/bundles/{s.bundle(moves.EXECUTING).id}/manifest"), 409, "not_ready"),
    "files of an abort": (lambda c, s: c.get(f"/v1/bundles/{s.bundle(moves.ABORTED).id}/files"), 409, "no_result"),
    "files too late": (lambda c, s: c.get(f"/v1/bundles/{s.bundle(moves.ARCHIVED).id}/files"), 410, "expired"),
    "no file": (lambda c, s: c.get(f"/v1/bundles/{s.bundle().id}/files/nothing.fits"), 404, "no_such_file"),
    "out of the box": (lambda c, s: c.get(f"/v1/bundles/{s.bundle().id}/files/../../x"), 404, "no_such_file"),
    "NUL in a path": (lambda c, s: c.get(f"/v1/bundles/{s.bundle().id}/files/a%00b"), 404, "no_such_file"),
    "unknown row column": (
        lambda c, s: c.get(f"/v1/searches/{s.search().id}/rows?sort=t_mim"), 422, "unknown_column",
    ),
    "filtered CSV": (
        lambda c, s: c.get(f"/v1/bundles/{s.bundle().id}/manifest?format=csv&where=status:eq:OK"), 422, "invalid",
    ),
    "manifest as PNG": (
        lambda c, s: c.get(f"/v1/bundles/{s.bundle().id}/manifest", headers={"Accept": "image/png"}),
        406, "not_acceptable",
    ),
}  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_every_error_is_a_problem(source: str, client: FlaskClient, site: Site) -> None:
    ask, status, code = SOURCES[source]
    before = len(site.woken)
    answer = ask(client, site)
    problem = answer.json
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.mimetype == "application/problem+json"
    assert problem.keys() == MEMBERS
    assert problem["type"] == f"/problems/{code}"
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["hint"]
    assert len(site.woken) == before, "nothing is created where an error can tell"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer tm_00000000_x", "Basic YW5uOng=", "tm_x", "Bearer \xff"]
)
def test_without_a_valid_key_nothing_is_told(header: str, site: Site) -> None:
    answer = site.client(None).get(f"/v1/jobs/{site.search().id}?limit=x", headers={"Authorization": header})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "tm_" not in json.dumps(answer.json)


def test_an_error_points_at_the_member_and_says_what_was_meant(client: FlaskClient) -> None:
    source, select = {"uris": ["mast:JWST/product/a.fits"]}, {"sub_group": ["I2D"], "levels": [2, "3"]}
    problem = client.post("/v1/bundles", json={"from": source, "select": select}).json
    found = {entry["pointer"]: entry["suggestions"] for entry in problem["errors"]}
    assert found == {"/select/sub_group": ["sub_groups"], "/select/levels/1": []}
    column = client.post("/v1/searches", json={"criteria": {"instrument_nam": "MIRI"}}).json["errors"][0]
    assert (column["pointer"], column["suggestions"][0]) == ("/criteria/instrument_nam", "instrument_name")
    assert client.get("/v1/jobs?phas=X").json["errors"][0]["suggestions"] == ["phase"]


def test_a_hostile_request_gets_a_small_answer(client: FlaskClient) -> None:
    uris = ["x" * 400 + str(n) for n in range(2000)]
    answer = client.post("/v1/bundles", json={"from": {"uris": uris}, "x" * 100_000: 1})
    assert answer.status_code == 422
    assert len(answer.data) < 100_000


def test_a_busy_or_unready_answer_says_when_to_come_back(client: FlaskClient, site: Site) -> None:
    assert client.get(f"/v1/searches/{site.search(moves.QUEUED).id}/rows").headers["Retry-After"] == "2"


def test_405_says_what_is_allowed(client: FlaskClient) -> None:
    answer = client.delete("/v1/searches")
    assert set(answer.headers["Allow"].split(", ")) == {"POST"}


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("x" * 128, True), ("x" * 129, False), ("a b", False)])
def test_a_request_id_is_kept_or_made(given: str, kept: bool, client: FlaskClient) -> None:
    told = client.get("/v1/me", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert (told == given) is kept
    assert told


def test_what_went_wrong_inside_is_logged_and_not_told(
    client: FlaskClient, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    search = site.search()
    (table,) = site.settings.tables.glob(f"{search.id}*")
    table.unlink()
    with contextlib.closing(sqlite3.connect(table)) as base:
        base.execute("CREATE TABLE other (x)")
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"/v1/searches/{search.id}/rows")
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "table" not in answer.text
    assert answer.json["request_id"] in caplog.text
    assert "OperationalError" in caplog.text
    assert site.keys["ann"] not in caplog.text


def test_rows_that_a_disk_spoilt_are_gone(client: FlaskClient, site: Site) -> None:
    search = site.search()
    (table,) = site.settings.tables.glob(f"{search.id}*")
    table.write_bytes(b"this is no table" * 1000)
    answer = client.get(f"/v1/searches/{search.id}/rows")
    assert (answer.status_code, answer.json["code"]) == (410, "expired")


def test_a_redis_that_is_away_is_said_so(tmp_path: Path) -> None:
    redis = start_redis(tmp_path)
    lonely = open_site(tmp_path / "other", redis.url)
    client = lonely.client()
    assert client.get("/readyz").status_code == 200
    redis.kill()
    answer = client.get("/v1/jobs")
    assert (answer.status_code, answer.json["code"]) == (503, "store_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["errors"][0]["pointer"]) == (503, "redis")
    assert client.get("/livez").status_code == 200
    redis.start()
    assert client.get("/livez").status_code == 200
    lonely.api.stores.close()
    redis.stop()


def test_every_kind_has_a_status() -> None:
    assert status_of(Malformed) == 400
    assert status_of(TopmastError) == 500
