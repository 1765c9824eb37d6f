"""A request that is repeated with its key makes one job."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.site import I2D, Site, ended_at_once
from topmast_service.api import contract
from topmast_service.api.app import unconnected
from topmast_service.domain import job

KEY = {"Idempotency-Key": "k-1"}
BODY = {"target": "m57 r=1m"}


def test_a_repeat_finds_the_first_job_as_it_is_now(client: FlaskClient, site: Site) -> None:
    first = client.post("/v1/searches", json=BODY, headers=KEY)
    ended_at_once(site.api, site.woken[-1])
    again = client.post("/v1/searches", json=BODY, headers=KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert again.json["phase"] == "ERROR"
    assert len(site.woken) == 1


def test_a_repeat_after_the_job_was_deleted_makes_no_second_one(client: FlaskClient, site: Site) -> None:
    first = client.post("/v1/searches", json=BODY, headers=KEY).json
    assert client.delete(f"/v1/jobs/{first['id']}").status_code == 204
    again = client.post("/v1/searches", json=BODY, headers=KEY)
    assert (again.status_code, again.json["code"]) == (410, "expired")
    assert client.get("/v1/jobs").json["items"] == []


def test_another_body_is_refused(client: FlaskClient) -> None:
    client.post("/v1/searches", json=BODY, headers=KEY)
    answer = client.post("/v1/searches", json={"target": "m58 r=1m"}, headers=KEY)
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_mismatch")


def test_a_key_is_one_users_and_one_routes(client: FlaskClient, site: Site) -> None:
    ids = {client.post("/v1/searches", json=BODY, headers=KEY).json["id"]}
    ids.add(site.client("bob").post("/v1/searches", json=BODY, headers=KEY).json["id"])
    bundle = client.post("/v1/bundles", json={"from": {"observations": ["a"]}}, headers=KEY)
    assert bundle.status_code == 202
    assert len({*ids, bundle.json["id"]}) == 3


def test_repeats_at_the_same_time_make_one_job(site: Site) -> None:
    clients = [site.client() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda c: c.post("/v1/searches", json=BODY, headers=KEY), clients))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "é", "a\tb"])
def test_a_key_is_visible_ascii(key: str, client: FlaskClient, site: Site) -> None:
    answer = client.post("/v1/searches", json=BODY, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "Idempotency-Key")
    assert site.woken == []


@dataclass(frozen=True)
class Post:
    """A POST that makes or does something: where, with what, and what another request would say."""

    address: Callable[[Site], str]
    body: dict[str, Any] | None = None
    query: str = ""
    other: dict[str, Any] | None = None
    other_query: str = ""


def of_job(name: str, phase: str = job.QUEUED) -> Callable[[Site], str]:
    return lambda site: f"/v1/jobs/{site.bundle(phase).id}/{name}"


PATHS = contract.document(unconnected())["paths"]
POSTS = {
    "submitSearch": Post(lambda site: "/v1/searches", BODY, other={"target": "m58 r=1m"}),
    "submitBundle": Post(
        lambda site: "/v1/bundles",
        {"from": {"observations": ["a"]}},
        other={"from": {"observations": ["a"]}, "dry_run": True},
    ),
    "createBasket": Post(lambda site: "/v1/baskets", {"name": "rings"}, other={"name": "others"}),
    "addItems": Post(
        lambda site: f"/v1/baskets/{site.basket()}/items",
        {"from": {"uris": ["mast:JWST/product/x_i2d.fits"]}},
        other={"from": {"uris": ["mast:JWST/product/y_i2d.fits"]}},
    ),
    "copyBundle": Post(
        lambda site: f"/v1/bundles/{site.bundle().id}/copies", {"directory": "ring"}, other={"directory": "other"}
    ),
    "makeLink": Post(lambda site: f"/v1/bundles/{site.bundle().id}/links", {"path": I2D}, other={"path": ""}),
    "abortJob": Post(of_job("abort")),
    "holdJob": Post(of_job("hold")),
    "runJob": Post(of_job("run")),
    "retryJob": Post(of_job("retry", job.COMPLETED), query="?what=failed", other_query="?what=all"),
}
"""Each operation of the contract that is a POST; the next test notices one that is not here."""

SHOWN_ONCE = frozenset({"createKey", "rotateKey", "createUserKey", "createUser"})
"""A repeat of these shows no key again: tests/identity has them."""


def test_every_post_of_the_contract_takes_a_key_and_says_so() -> None:
    """Every POST there is, so that a new one cannot forget it."""
    posts = {item["post"]["operationId"]: item["post"] for item in PATHS.values() if "post" in item}
    assert set(posts) == set(POSTS) | SHOWN_ONCE
    for name, operation in posts.items():
        headers = {p["name"] for p in operation["parameters"] if p["in"] == "header"}
        assert "Idempotency-Key" in headers, name
        assert "idempotency_mismatch" in operation["responses"]["409"]["description"], name
        made = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert all("Idempotency-Replayed" in answer["headers"] for answer in made), name


def same(first: Any, again: Any) -> bool:
    """Whether two answers are the same, but for what a moment changes."""
    return (first.status_code, first.headers.get("Location"), first.json.get("url"), first.json.get("id")) == (
        again.status_code, again.headers.get("Location"), again.json.get("url"), again.json.get("id"),
    )  # fmt: skip


@pytest.mark.parametrize("name", POSTS)
def test_a_repeat_is_told_the_same_and_that_it_is_one(name: str, client: FlaskClient, site: Site) -> None:
    post = POSTS[name]
    address = post.address(site)
    first = client.post(address + post.query, json=post.body, headers=KEY)
    again = client.post(address + post.query, json=post.body, headers=KEY)
    assert first.status_code < 300, first.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert same(first, again)
    another = client.post(address + post.query, json=post.body, headers={"Idempotency-Key": "k-2"})
    assert "Idempotency-Replayed" not in another.headers
    if post.other or post.other_query:
        other = client.post(address + (post.other_query or post.query), json=post.other or post.body, headers=KEY)
        assert (other.status_code, other.json["code"]) == (409, "idempotency_mismatch")


@pytest.mark.parametrize("name", POSTS)
def test_repeats_while_the_first_is_handled_do_it_once(name: str, site: Site) -> None:
    post, clients = POSTS[name], [site.client() for _ in range(4)]
    address = post.address(site) + post.query
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda c: c.post(address, json=post.body, headers=KEY), clients))
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert all(same(answers[0], answer) for answer in answers)


def test_a_job_that_went_on_is_not_held_or_run_again_by_a_repeat(client: FlaskClient, site: Site) -> None:
    address = f"/v1/jobs/{site.bundle(job.QUEUED).id}"
    held = client.post(f"{address}/hold", headers=KEY)
    assert client.post(f"{address}/run", headers=KEY).json["phase"] == job.QUEUED
    again = client.post(f"{address}/hold", headers=KEY)
    assert (held.json["phase"], again.json["phase"], again.status_code) == (job.HELD, job.QUEUED, 202)
    client.post(f"{address}/hold")
    assert client.post(f"{address}/run", headers=KEY).json["phase"] == job.HELD


def test_a_retry_that_was_repeated_begins_no_second_revision(client: FlaskClient, site: Site) -> None:
    done = site.bundle()
    address = f"/v1/jobs/{done.id}/retry"
    assert client.post(address, headers=KEY).json["phase"] == job.QUEUED
    ended_at_once(site.api, site.api.stores.jobs.get(done.id))
    again = client.post(address, headers=KEY)
    assert (again.status_code, again.json["phase"]) == (202, job.ERROR)
    assert len(site.woken) == 1


def test_an_abort_is_told_202_again_though_it_had_ended_by_then(client: FlaskClient, site: Site) -> None:
    address = f"/v1/jobs/{site.bundle(job.QUEUED).id}/abort"
    assert [client.post(address, headers=KEY).status_code for _ in range(3)] == [202, 202, 202]
    assert client.post(address, headers={"Idempotency-Key": "later"}).status_code == 200


def test_an_act_that_was_refused_may_be_tried_again_with_its_key(client: FlaskClient, site: Site) -> None:
    running = site.bundle(job.EXECUTING)
    address = f"/v1/jobs/{running.id}/retry"
    assert client.post(address, headers=KEY).json["code"] == "illegal_move"
    ended_at_once(site.api, site.change(running.id, phase=job.QUEUED))
    assert client.post(address, headers=KEY).json["phase"] == job.QUEUED


def test_a_repeat_is_answered_whatever_became_of_what_it_named(client: FlaskClient, site: Site) -> None:
    search, box, basket = site.search(), site.bundle(), site.basket()
    asked = [
        ("/v1/bundles", {"from": {"search": search.id}}),
        (f"/v1/bundles/{box.id}/copies", {"directory": "ring"}),
        (f"/v1/baskets/{basket}/items", {"from": {"search": search.id}}),
    ]
    first = [client.post(address, json=body, headers=KEY) for address, body in asked]
    for gone in (search.id, box.id):
        assert client.delete(f"/v1/jobs/{gone}").status_code == 204
    again = [client.post(address, json=body, headers=KEY) for address, body in asked]
    assert [answer.status_code for answer in first] == [answer.status_code for answer in again]
    assert [answer.headers.get("Idempotency-Replayed") for answer in again] == ["true"] * 3


def test_a_link_is_the_same_link_though_a_week_from_now_is_another_moment(client: FlaskClient, site: Site) -> None:
    bundle = site.bundle()
    site.change(bundle.id, destruction=bundle.destruction + timedelta(days=30))
    address = f"/v1/bundles/{bundle.id}/links"
    first = client.post(address, json={"path": I2D}, headers=KEY)
    time.sleep(1.1)  # ends are told to the second
    assert client.post(address, json={"path": I2D}).json["until"] != first.json["until"]
    assert client.post(address, json={"path": I2D}, headers=KEY).json == first.json
