"""A request that is repeated with its key makes one job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site, ended_at_once

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
