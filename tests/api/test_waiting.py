"""Long polls and Prefer: a change is told soon, nobody waits in vain, and never too many wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.site import NOW, Site, ended_at_once
from topmast_service.api.waiting import preferred
from topmast_service.domain import job as moves

LONG = 20  # seconds; a test that waits so long has failed


@pytest.fixture
def later() -> Any:
    """Do something from another thread, shortly."""
    threads: list[threading.Timer] = []

    def soon(action: Callable[[], Any]) -> None:
        threads.append(threading.Timer(0.2, action))
        threads[-1].start()

    yield soon
    for thread in threads:
        thread.join()


def test_a_long_poll_ends_with_the_change(client: FlaskClient, site: Site, later: Any) -> None:
    job = site.search(moves.QUEUED)
    later(lambda: site.change(job.id, progress={"rows": 7}))
    began = time.monotonic()
    answer = client.get(f"/v1/jobs/{job.id}?wait={LONG}")
    assert (answer.json["version"], answer.json["progress"]["rows"]) == (job.version + 1, 7)
    assert answer.headers["Retry-After"]
    assert time.monotonic() - began < LONG / 2


def test_a_change_between_two_polls_is_not_missed(client: FlaskClient, site: Site) -> None:
    job = site.search(moves.QUEUED)
    began = time.monotonic()
    assert client.get(f"/v1/jobs/{job.id}?wait={LONG}&since={job.version - 1}").json["version"] == job.version
    assert client.get(f"/v1/jobs/{site.bundle().id}?wait={LONG}").json["phase"] == "COMPLETED"
    assert time.monotonic() - began < LONG / 2


def test_who_comes_when_all_places_are_taken_is_answered_at_once(site: Site) -> None:
    client, job = site.client(), site.search(moves.QUEUED)
    places = site.settings.api_threads // 4
    asked = threading.Barrier(places + 1)

    def wait() -> None:
        asked.wait()
        other.get(f"/v1/jobs/{job.id}?wait={LONG}")

    other = client.application.test_client()
    other.environ_base["HTTP_AUTHORIZATION"] = client.environ_base["HTTP_AUTHORIZATION"]
    waiting = [threading.Thread(target=wait) for _ in range(places)]
    for thread in waiting:
        thread.start()
    asked.wait()
    time.sleep(0.3)
    began = time.monotonic()
    crowded = client.get(f"/v1/jobs/{job.id}?wait={LONG}")
    preferring = client.post("/v1/searches", json={"target": "m57"}, headers={"Prefer": f"wait={LONG}"})
    assert time.monotonic() - began < LONG / 2
    assert (crowded.status_code, preferring.status_code) == (200, 202)
    assert crowded.headers["Retry-After"]
    assert preferring.headers["Retry-After"]
    site.change(job.id)
    for thread in waiting:
        thread.join()
    assert client.application.test_client().get("/livez").status_code == 200


def test_prefer_wait_gets_the_finished_job(client: FlaskClient, site: Site, later: Any) -> None:
    later(lambda: ended_at_once(site.api, site.woken[-1]))
    answer = client.post("/v1/searches", json={"target": "m57"}, headers={"Prefer": f"respond-async, wait={LONG}"})
    assert (answer.status_code, answer.json["phase"]) == (200, "ERROR")
    assert answer.json["error"]["code"] == "upstream_down"
    assert answer.headers["Preference-Applied"] == f"wait={LONG}"
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json['id']}"


def test_prefer_wait_that_was_too_short_is_202(client: FlaskClient) -> None:
    answer = client.post("/v1/searches", json={"target": "m57"}, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json["phase"]) == (202, "QUEUED")
    assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [("", 0), ("wait=5", 5), ("Wait = 5", 5), ('wait="5"', 5), ("respond-async, wait=5", 5), ("wait=5; x=y", 5),
     ("wait=999", 30), ("wait", 0), ("wait=", 0), ("wait=-1", 0), ("wait=²", 0), ("await=5", 0), ("wait=5s", 0)],
)  # fmt: skip
def test_prefer_is_read_as_rfc_7240_writes_it(prefer: str, seconds: int) -> None:
    assert preferred(prefer) == seconds


def test_a_job_that_waits_knows_how_many_come_before_it(client: FlaskClient, site: Site) -> None:
    first, second = (site.search(moves.QUEUED, created=NOW + timedelta(minutes=n)) for n in (0, 1))
    assert client.get(f"/v1/jobs/{first.id}").json["progress"]["ahead"] == 0
    assert client.get(f"/v1/jobs/{second.id}").json["progress"]["ahead"] == 1
    assert "ahead" not in client.get(f"/v1/jobs/{site.search().id}").json["progress"]
