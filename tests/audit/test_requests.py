"""Requests leave in the audit log who did what to which object from where; operators read it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.site import I2D, Site
from tests.api.test_addresses import ADDRESSES
from topmast_service.api import auditing
from topmast_service.domain.audit import Asked, Entry
from topmast_service.domain.scopes import SCOPES
from topmast_service.store import audit as store

READING = {"GET", "HEAD", "OPTIONS"}


def entries(site: Site) -> list[Entry]:
    return list(site.api.stores.audit.oldest_first(Asked()))


@pytest.fixture
def operator(site: Site) -> FlaskClient:
    site.api.stores.users.add("olga", role="operator")
    site.keys["olga"] = site.api.stores.keys.new("olga", scopes=SCOPES).secret
    return site.client("olga")


CHANGING = [(path, method) for path, methods in ADDRESSES.items() for method in sorted(methods - READING)]


@pytest.mark.parametrize(("path", "method"), CHANGING)
def test_every_request_that_changes_something_is_there(path: str, method: str, client: FlaskClient, site: Site) -> None:
    """Whatever came of it. A new route is in ADDRESSES, or tests/api/test_addresses.py fails."""
    address = path.format(search=site.search().id, bundle=site.bundle().id, basket=site.basket())
    answer = client.open(address, method=method, json={})
    (entry,) = entries(site)
    assert entry.outcome.split()[0] == str(answer.status_code)
    assert " " not in entry.action
    assert (entry.actor, entry.user, entry.address) == ("ann", "ann", "127.0.0.1")
    assert entry.key_id == site.keys["ann"].split("_")[1]
    assert entry.request_id == answer.headers["X-Request-Id"]


def test_reading_leaves_nothing(client: FlaskClient, site: Site) -> None:
    bundle = site.bundle()
    for path in ("/v1/jobs", f"/v1/bundles/{bundle.id}", f"/v1/bundles/{bundle.id}/files/{I2D}", "/livez"):
        assert client.get(path).status_code == 200
    assert entries(site) == []


def test_what_was_made_and_what_it_was_made_of(client: FlaskClient, site: Site) -> None:
    search = client.post("/v1/searches", json={"target": "m57 r=1m"}).json["id"]
    bundle = site.bundle()
    link = client.post(f"/v1/bundles/{bundle.id}/links", json={"path": I2D}).json["url"]
    client.delete(f"/v1/jobs/{search}")
    told = [(e.action, e.kind, e.object, e.path, e.outcome) for e in entries(site)]
    assert told == [
        ("submitSearch", "search", search, "", "202"),
        ("makeLink", "bundle", bundle.id, I2D, "201"),
        ("deleteJob", "search", search, "", "204"),
    ]
    signature = link.split("/d/")[1].split("/")[0]
    assert signature not in str(entries(site))


def test_the_job_keeps_the_id_of_its_request(client: FlaskClient, site: Site) -> None:
    answer = client.post("/v1/searches", json={"target": "m57 r=1m"}, headers={"X-Request-Id": "mine-1"})
    assert site.api.stores.jobs.get(answer.json["id"]).request_id == "mine-1"
    other = client.post("/v1/searches", json={"target": "m57 r=1m"})
    assert site.api.stores.jobs.get(other.json["id"]).request_id == other.headers["X-Request-Id"]


def test_ten_thousand_wrong_keys_are_a_few_lines(client: FlaskClient, site: Site) -> None:
    wrong = {"Authorization": "Bearer tm_1a2b3c4d_" + "x" * 32}
    for _ in range(1000):
        assert client.get("/v1/jobs", headers=wrong).status_code == 401
    _all_told(site)
    told = entries(site)
    assert len(told) <= 4  # the minute may have turned
    assert sum(entry.count for entry in told) == 1000
    assert {(e.action, e.actor, e.key_id, e.outcome) for e in told} == {
        ("listJobs", "", "1a2b3c4d", "401 unauthenticated")
    }
    assert "x" * 8 not in str(told)


def test_a_link_that_does_not_open_is_a_refusal(client: FlaskClient, site: Site) -> None:
    signature = "A" * 70
    assert client.get(f"/d/{signature}/{I2D}").status_code == 403
    (entry,) = entries(site)
    assert (entry.action, entry.kind, entry.path, entry.outcome) == ("getByLink", "link", I2D, "403 bad_link")
    assert "A" * 30 not in str(entry)


def test_only_operators_read_it(client: FlaskClient, operator: FlaskClient, site: Site) -> None:
    answer = client.get("/v1/admin/audit")
    assert (answer.status_code, answer.json["code"]) == (403, "role")
    (entry,) = operator.get("/v1/admin/audit").json["items"]
    assert (entry["action"], entry["user"], entry["outcome"]) == ("listAudit", "ann", "403 role")
    assert entry["time"].endswith("Z")


def test_pages_have_every_entry_once(operator: FlaskClient, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(23):
        site.api.stores.audit.note(Entry("done", actor="ann", user="bob", path=str(number)))
        if number == 11:
            monkeypatch.setattr(store, "KEPT", 5)
            site.api.stores.audit.keep()
    found: list[dict[str, Any]] = []
    address = "/v1/admin/audit?limit=4&user=bob"
    while address:
        page = operator.get(address)
        found += page.json["items"]
        site.api.stores.audit.keep()  # moves while somebody turns the pages
        address = page.headers["Link"].partition(">")[0].lstrip("<") if page.json["next"] else ""
    assert [entry["path"] for entry in found] == [str(n) for n in range(22, -1, -1)]


@pytest.mark.parametrize("query", ["user=ann", "action=submitSearch", "object=s_1"])
def test_filters(query: str, operator: FlaskClient, site: Site) -> None:
    site.api.stores.audit.note(Entry("submitSearch", actor="ann", user="ann", object="s_1"))
    site.api.stores.audit.note(Entry("deleteJob", actor="olga", user="bob", object="s_2"))
    assert [e["object"] for e in operator.get(f"/v1/admin/audit?{query}").json["items"]] == ["s_1"]
    assert operator.get(f"/v1/admin/audit?{query}&since=2099-01-01T00:00:00Z").json["items"] == []
    assert operator.get(f"/v1/admin/audit?{query}&until=2000-01-01T00:00:00Z").json["items"] == []


def test_a_cursor_is_bound_to_its_filters(operator: FlaskClient, site: Site) -> None:
    for _ in range(3):
        site.api.stores.audit.note(Entry("done", actor="ann"))
    cursor = operator.get("/v1/admin/audit?limit=1").json["next"]
    answer = operator.get(f"/v1/admin/audit?limit=1&user=ann&cursor={cursor}")
    assert (answer.status_code, answer.json["code"]) == (400, "cursor_mismatch")
    assert operator.get("/v1/admin/audit?cursor=abc").status_code == 400


def test_deliveries_are_counted_by_file(site: Site) -> None:
    app = site.app()
    with app.test_request_context("/v1/bundles/b_1/files/x", environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        for path in ("a.fits", "a.fits", "b.fits"):
            auditing.delivered(site.api.stores.audit, "b_1", path)
    _all_told(site)
    told = entries(site)
    assert {(e.action, e.object, e.address) for e in told} == {("file_delivered", "b_1", "192.0.2.7")}
    assert [sum(e.count for e in told if e.path == path) for path in ("a.fits", "b.fits")] == [2, 1]


def _all_told(site: Site) -> None:
    log = site.api.stores.audit
    log._tell(keys=[store.COUNTS, store.COUNTED, store.STREAM], args=["all"])
