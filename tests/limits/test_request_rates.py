"""Requests per minute: one count for all processes, told in each answer, and nobody is punished beyond it."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest

from tests.api.served import start_api
from tests.api.site import I2D, Site
from tests.limits.conftest import OpenSite
from topmast_service.api.contract import document
from topmast_service.domain import job as moves
from topmast_service.store.request_rates import RequestRates

POLICY = re.compile(r'"requests";q=(\d+);w=60')
LEFT = re.compile(r'"requests";r=(\d+);t=(\d+)')


def test_answers_say_what_is_left_and_beyond_it_when_to_come_again(limited: OpenSite) -> None:
    client = limited(requests_per_minute=3).client()
    answers = [client.get("/v1/me") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert [int(LEFT.fullmatch(a.headers["RateLimit"])[1]) for a in answers] == [2, 1, 0, 0]
    assert {POLICY.fullmatch(a.headers["RateLimit-Policy"])[1] for a in answers} == {"3"}
    refused = answers[-1]
    assert refused.json["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 20  # a third of a minute for one of three


def test_errors_are_counted_and_tell_it_too(limited: OpenSite) -> None:
    client = limited(requests_per_minute=5).client()
    answer = client.get("/v1/jobs/s_0000000000000000")
    assert answer.status_code == 404
    assert LEFT.fullmatch(answer.headers["RateLimit"])[1] == "4"


def test_each_user_has_their_own_and_an_address_another(limited: OpenSite) -> None:
    site = limited(requests_per_minute=1)
    ann, bob, nobody = site.client(), site.client("bob"), site.client(None)
    assert [c.get("/v1/me").status_code for c in (ann, bob, ann)] == [200, 200, 429]
    assert [nobody.get("/problems").status_code for _ in range(2)] == [200, 429]
    other = {"REMOTE_ADDR": "192.0.2.9"}
    assert nobody.get("/problems", environ_base=other).status_code == 200


def test_health_is_never_refused(limited: OpenSite) -> None:
    nobody = limited(requests_per_minute=1).client(None)
    answers = [nobody.get(path) for path in ("/livez", "/readyz") for _ in range(5)]
    assert {a.status_code for a in answers} == {200}
    assert all("RateLimit" not in a.headers for a in answers)


def test_an_allowance_fills_up_steadily(limited: OpenSite) -> None:
    site = limited()
    rates = RequestRates(site.api.stores.redis, 600)
    taken = [rates.of_user("ann", "requests") for _ in range(600)]
    assert all(one.granted for one in taken)
    over = next(one for one in (rates.of_user("ann", "requests") for _ in range(600)) if not one.granted)
    assert 0 < over.wait <= 0.11  # the next of ten in a second, not the rest of the minute
    assert site.api.stores.redis.pttl("topmast:rate:requests:user:ann") <= 60_100


def test_an_operator_can_give_one_user_more(limited: OpenSite) -> None:
    site = limited(requests_per_minute=1)
    site.api.stores.quotas.set("ann", requests_per_minute=5)
    assert [site.client().get("/v1/me").status_code for _ in range(6)] == [200] * 5 + [429]
    assert [site.client("bob").get("/v1/me").status_code for _ in range(2)] == [200, 429]


def test_two_processes_share_one_count(limited: OpenSite, tmp_path: Path) -> None:
    site = limited(requests_per_minute=9)
    servers = [start_api(site, folder) for folder in (tmp_path / "a", tmp_path / "b") if not folder.mkdir()]
    try:
        seen = [int(LEFT.fullmatch(asked(servers[n % 2].url, site))[1]) for n in range(6)]
    finally:
        for server in servers:
            server.stop()
    assert seen == [8, 7, 6, 5, 4, 3]


def asked(url: str, site: Site) -> str:
    request = urllib.request.Request(f"{url}/v1/me", headers={"Authorization": f"Bearer {site.keys['ann']}"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=30) as answer:
        return str(answer.headers["RateLimit"])


def test_a_portal_that_watches_two_hundred_jobs_is_not_refused_by_the_default(limited: OpenSite) -> None:
    """One bulk poll a second, five long polls that each end at once, and a page for a user now and then."""
    site = limited(requests_per_minute=600)
    client, jobs = site.client(), [site.search(moves.QUEUED) for _ in range(200)]
    bulk = "/v1/jobs?limit=200&ids=" + ",".join(job.id for job in jobs)
    polls = [client.get(bulk) for _ in range(60)]
    waits = [client.get(f"/v1/jobs/{job.id}?wait=30&since=0") for job in jobs]
    pages = [client.get(f"/v1/searches/{job.id}") for job in jobs]
    assert {a.status_code for a in (*polls, *waits, *pages)} == {200}
    assert len(polls[0].json["items"]) == 200


def test_files_have_an_allowance_of_their_own(limited: OpenSite) -> None:
    site = limited(requests_per_minute=2)
    client, bundle = site.client(), site.bundle()
    files = [client.get(f"/v1/bundles/{bundle.id}/files/{I2D}") for _ in range(21)]
    assert [a.status_code for a in files] == [200] * 20 + [429]
    assert files[0].headers["RateLimit-Policy"] == '"files";q=20;w=60'
    assert client.get("/v1/me").status_code == 200


def test_the_contract_declares_it_for_every_operation_but_health(limited: OpenSite) -> None:
    for path, item in document(limited().app())["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                assert ("429" in operation["responses"]) is (path not in {"/livez", "/readyz"}), f"{method} {path}"
                headers = operation["responses"].get("429", {}).get("headers", {})
                assert not headers or {"Retry-After", "RateLimit", "RateLimit-Policy"} <= headers.keys()


def test_the_count_is_for_whoever_acts(limited: OpenSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who that is, `api.auth` decides: here somebody else than the owner of the key."""
    from topmast_service.api import counting

    site = limited(requests_per_minute=5)
    monkeypatch.setattr(counting, "user", lambda: site.api.stores.users.get("bob"))
    site.client("ann").get("/v1/me")
    keys = set(site.api.stores.redis.keys("topmast:rate:*"))
    assert keys == {"topmast:rate:requests:user:bob"}
