"""Open jobs per user: refused with what is used, exactly as many as allowed, and repeated requests take no place."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.api.site import Site
from tests.limits.conftest import OpenSite
from topmast_service.api.contract import document
from topmast_service.domain import job as moves
from topmast_service.domain.scopes import SCOPES
from topmast_service.store.holdings import Holdings

BODY = {"target": "m57 r=1m"}
BUNDLE = {"from": {"uris": ["mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits"]}}


def test_beyond_the_limit_the_refusal_says_what_is_used(limited: OpenSite) -> None:
    site = limited(open_jobs_per_user=3)
    client = site.client()
    made = [client.post("/v1/searches", json=BODY) for _ in range(4)]
    assert [a.status_code for a in made] == [202, 202, 202, 403]
    assert made[-1].json["code"] == "over_quota"
    assert made[-1].json["detail"] == "3 of 3 jobs are open; abort one or wait until one has ended."
    assert client.post("/v1/bundles", json=BUNDLE).status_code == 403
    assert site.client("bob").post("/v1/searches", json=BODY).status_code == 202
    client.post(f"/v1/jobs/{made[0].json['id']}/abort")
    assert client.post("/v1/searches", json=BODY).status_code == 202


def test_twenty_at_once_get_exactly_the_places_there_are(limited: OpenSite) -> None:
    site = limited(open_jobs_per_user=7)
    clients = [site.client() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        seen = list(pool.map(lambda c: c.post("/v1/searches", json=BODY).status_code, clients))
    assert sorted(seen) == [202] * 7 + [403] * 13


def test_a_repeated_request_takes_no_place(limited: OpenSite) -> None:
    client = limited(open_jobs_per_user=1).client()
    key = {"Idempotency-Key": "k"}
    made = [client.post("/v1/searches", json=BODY, headers=key) for _ in range(2)]
    assert [a.status_code for a in made] == [202, 202]
    assert made[0].json["id"] == made[1].json["id"]


def test_a_refused_request_can_be_repeated_with_its_key(limited: OpenSite) -> None:
    client = limited(open_jobs_per_user=1).client()
    first = client.post("/v1/searches", json=BODY).json
    key = {"Idempotency-Key": "k"}
    assert client.post("/v1/searches", json=BODY, headers=key).status_code == 403
    client.post(f"/v1/jobs/{first['id']}/abort")
    assert client.post("/v1/searches", json=BODY, headers=key).status_code == 202


def test_a_retry_needs_a_place_too(limited: OpenSite) -> None:
    site = limited(open_jobs_per_user=1)
    client, ended = site.client(), site.bundle(moves.ERROR)
    site.search(moves.QUEUED)
    assert client.post(f"/v1/jobs/{ended.id}/retry").json["code"] == "over_quota"


def test_a_bundle_is_refused_when_not_a_byte_is_left(limited: OpenSite) -> None:
    site = limited(staged_bytes_per_user=10_000)
    site.bundle()
    refused = site.client().post("/v1/bundles", json=BUNDLE)
    assert refused.json["code"] == "over_quota"
    assert "0 B would fit" in refused.json["detail"]
    assert site.client().post("/v1/searches", json=BODY).status_code == 202
    assert site.client().post("/v1/bundles", json={**BUNDLE, "dry_run": True}).status_code == 202


def test_an_operator_s_limit_counts_at_once(limited: OpenSite) -> None:
    site = limited(open_jobs_per_user=1)
    site.api.stores.quotas.set("ann", open_jobs=2)
    assert [site.client().post("/v1/searches", json=BODY).status_code for _ in range(3)] == [202, 202, 403]
    site.api.stores.quotas.reset("ann")
    assert site.api.stores.quotas.of("ann").open_jobs == 1


def test_me_shows_what_is_used(limited: OpenSite) -> None:
    site = limited(open_jobs_per_user=5, requests_per_minute=100)
    site.search(moves.QUEUED)
    size = site.bundle().result["bytes"]["total"]
    site.bundle(moves.ARCHIVED)
    assert site.client().get("/v1/me").json["quotas"] == {
        "open_jobs": {"limit": 5, "used": 1},
        "staged_bytes": {"limit": None, "used": size},
        "requests_per_minute": {"limit": 100, "used": 1},
    }


def test_every_submission_declares_the_refusal(limited: OpenSite) -> None:
    paths = document(limited().app())["paths"]
    refusing = {
        operation["operationId"]
        for item in paths.values()
        for operation in item.values()
        if isinstance(operation, dict) and "over_quota" in json.dumps(operation.get("responses", {}), default=str)
    }
    submitting = {"submitSearch", "submitBundle", "copyBundle", "findProducts", "getMrp", "addItems", "retryJob"}
    assert refusing == submitting


def test_a_thousand_bundles_are_summed_from_few_bytes(limited: OpenSite) -> None:
    """What it reads grows with the bundles only: other jobs of the user, and others' bundles, are not read."""
    site = limited()
    one = site.bundle(files={})
    redis, jobs = site.api.stores.redis, site.api.stores.jobs
    for n in range(1000):
        jobs.add(replace(one, id=f"b_{n:016x}", result=one.result | {"bytes": {"total": 5}}))
    for _ in range(20):
        site.search()
        site.bundle(owner="bob")
    before = redis.info("stats")["total_net_output_bytes"]
    assert Holdings(redis).staged_bytes("ann") == 5000
    assert redis.info("stats")["total_net_output_bytes"] - before < 3_000_000


@pytest.mark.parametrize("by", ["user", "program"])
def test_usage_is_for_operators(limited: OpenSite, by: str) -> None:
    site = limited()
    assert site.client().get(f"/v1/admin/usage?by={by}").json["code"] == "role"


def test_usage_by_user_and_program(limited: OpenSite) -> None:
    site = limited()
    site.api.stores.users.add("ann", role="operator")
    site.keys["ann"] = site.api.stores.keys.new("ann", scopes=SCOPES).secret
    size = site.bundle().result["bytes"]["total"]
    site.bundle(owner="bob")
    site.bundle(moves.ARCHIVED)
    site.search(moves.QUEUED)
    by_user = site.client().get("/v1/admin/usage").json["items"]
    assert {one["user"]: (one["jobs"], one["open_jobs"], one["staged_bytes"]) for one in by_user} == {
        "ann": (3, 1, size),
        "bob": (1, 0, size),
    }
    by_program = site.client().get("/v1/admin/usage?by=program").json["items"]
    others = dict.fromkeys(("user", "jobs", "open_jobs"))
    assert by_program == [{**others, "program": "1558", "bundles": 2, "files": 4, "staged_bytes": 2 * size}]
    assert site.client().get("/v1/admin/usage?by=weather").status_code == 422


def test_places_for_waiters_and_streams_hold_beside_the_limits(limited: OpenSite) -> None:
    """A quarter of the threads wait, half of them send: whoever comes beyond is told when to come again."""
    from topmast_service.api.accel import Accel
    from topmast_service.api.streaming import Streams
    from topmast_service.errors import Busy

    site: Site = limited()
    streams = Streams(site.settings.api_threads, Accel.of(site.settings))
    held = [streams.hold(iter([b""])) for _ in range(site.settings.api_threads // 2)]
    with pytest.raises(Busy) as refused:
        streams.hold(iter([b""]))
    assert refused.value.retry_after
    held[0].close()
    streams.hold(iter([b""])).close()
