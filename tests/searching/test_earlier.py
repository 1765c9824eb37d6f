"""Earlier answers: taken where `max_age` allows it, offered as stale while MAST is away, never passed off as fresh."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.searching.conftest import Asked
from topmast_service import container
from topmast_service.domain import job
from topmast_service.domain.job import Job

QUESTION: dict[str, Any] = {"criteria": {"proposal_id": "1558", "instrument_name": "Miri"}}
AGAIN: dict[str, Any] = {"criteria": {"instrument_name": "MIRI", "proposal_id": ["1558"]}, "label": "again"}
ROWS = {1, 2, 3, 4}


def aged(site: Asked, done: Job, seconds: float) -> None:
    """Make an answer older: its record, and what is remembered of it."""
    as_of = (datetime.fromisoformat(done.result["as_of"]) - timedelta(seconds=seconds)).isoformat()
    site.api.stores.jobs.change(done.id, lambda j: replace(j, result={**j.result, "as_of": as_of}))
    redis = site.api.stores.redis
    for key in redis.scan_iter("topmast:answer:*"):
        redis.set(key, redis.get(key).replace(done.result["as_of"], as_of), keepttl=True)


def as_bob(site: Asked, **body: Any) -> Job:
    bob = site.api.stores.users.add("bob")
    new = site.api.submissions.search(bob, body).job
    container.for_query(site.settings).searches.run(new.id)
    return site.job(new.id)


def test_the_same_question_is_not_asked_twice_within_max_age(site: Asked) -> None:
    first = site.search(**QUESTION)
    asked = site.queries()
    second = as_bob(site, **AGAIN, max_age=3600)
    assert site.queries() == asked
    assert site.found(second) == ROWS
    assert (second.result["as_of"], second.result["count"]) == (first.result["as_of"], 4)
    assert "max_age" in second.result["notes"][-1]
    assert second.label == "again"


@pytest.mark.parametrize("max_age", [None, 0])
def test_mast_is_asked_where_nothing_is_said_of_age(site: Asked, max_age: int | None) -> None:
    site.search(**QUESTION)
    asked = site.queries()
    site.search(**AGAIN, **({} if max_age is None else {"max_age": max_age}))
    assert site.queries() == 2 * asked


def test_an_answer_that_is_too_old_is_not_taken(site: Asked) -> None:
    aged(site, site.search(**QUESTION), 100)
    asked = site.queries()
    assert site.search(**QUESTION, max_age=120).result["notes"][-1].endswith("`max_age` allows it.")
    assert site.queries() == asked
    site.search(**QUESTION, max_age=60)
    assert site.queries() == 2 * asked


@pytest.mark.parametrize(
    "other",
    [
        {"criteria": {"proposal_id": "1558"}},
        {"criteria": {"proposal_id": "1558", "instrument_name": {"not": "Miri"}}},
        {**QUESTION, "target": "M 57"},
        {**QUESTION, "count_only": True},
    ],
)
def test_another_question_is_asked(site: Asked, other: dict[str, Any]) -> None:
    site.search(**QUESTION)
    asked = site.queries()
    done = site.search(**other, max_age=3600)
    assert site.queries() > asked
    assert done.phase == job.COMPLETED
    assert not any("max_age" in note for note in done.result["notes"])


def test_a_radius_written_otherwise_is_the_same_place(site: Asked) -> None:
    site.search(target="M 57 r=60s")
    done = site.search(target="m  57 r=1m", max_age=3600)
    assert "max_age" in done.result["notes"][-1]
    assert done.result["resolved"]["target"] == "m  57 r=1m"


def test_the_first_search_may_go_and_the_rows_stay(site: Asked) -> None:
    first = site.search(**QUESTION)
    second = site.search(**QUESTION, max_age=3600)
    site.api.control.delete(site.alice, first.id)
    assert site.found(second) == ROWS
    third = site.search(**QUESTION, max_age=3600)
    assert site.found(third) == ROWS
    assert third.result["as_of"] == first.result["as_of"]
    assert sum("max_age" in note for note in third.result["notes"]) == 1


def test_an_answer_whose_rows_are_gone_is_no_answer(site: Asked) -> None:
    first = site.search(**QUESTION)
    site.api.control.delete(site.alice, first.id)
    again = site.search(**QUESTION, max_age=3600)
    assert site.found(again) == ROWS
    assert again.result["as_of"] != first.result["as_of"]


def test_a_remembered_answer_lives_no_longer_than_its_table(site: Asked) -> None:
    done = site.search(**QUESTION)
    (key,) = site.api.stores.redis.scan_iter("topmast:answer:*")
    left = timedelta(seconds=site.api.stores.redis.ttl(key))
    assert abs(site.api.stores.jobs.now() + left - done.destruction) < timedelta(seconds=5)


@pytest.fixture
def away(site: Asked) -> Asked:
    """The question was answered an hour ago, and now MAST is away."""
    aged(site, site.search(**QUESTION), 3600)
    site.fault("status", status=503)
    return site


def test_with_mast_away_the_last_answer_is_offered_as_stale(away: Asked) -> None:
    waiting = away.search(**AGAIN)
    assert (waiting.phase, waiting.phase_reason) == (job.SUSPENDED, "upstream_down")
    client = away.client()
    document = client.get(f"/v1/searches/{waiting.id}").json
    assert document["search"] is None
    assert document["stale"]["count"] == 4
    assert 3600 <= document["stale"]["age"] < 3700
    page = client.get(f"/v1/searches/{waiting.id}/rows").json
    assert {int(row["obsid"]) for row in page["items"]} == ROWS
    assert (page["stale"], page["as_of"]) == (True, document["stale"]["as_of"])
    facets = client.get(f"/v1/searches/{waiting.id}/facets").json
    assert (facets["stale"], facets["matching"], facets["as_of"]) == (True, 4, document["stale"]["as_of"])
    table = client.get(f"/v1/searches/{waiting.id}/rows?format=ecsv").text
    assert "stale" in table
    products = client.get(f"/v1/searches/{waiting.id}/products").json
    assert products["code"] == "not_ready"
    sky = client.get(f"/v1/searches/{waiting.id}/sky").json
    assert (sky["stale"], sky["total"], sky["as_of"]) == (True, 4, document["stale"]["as_of"])
    assert client.get(f"/v1/searches/{waiting.id}/sky?format=png").json["code"] == "not_ready"


def test_when_mast_is_back_the_fresh_rows_take_its_place(away: Asked) -> None:
    waiting = away.search(**AGAIN)
    away.sandbox.post("faults", rules=[])
    done = away.again(waiting)
    client = away.client()
    document = client.get(f"/v1/searches/{done.id}").json
    assert (document["phase"], document["stale"], document["search"]["count"]) == ("COMPLETED", None, 4)
    page = client.get(f"/v1/searches/{done.id}/rows").json
    assert (page["stale"], page["as_of"]) == (False, document["search"]["as_of"])
    assert not list(away.settings.tables.glob("*.stale.sqlite"))


def test_when_mast_never_comes_back_the_last_answer_stays(away: Asked) -> None:
    away.settings = replace(away.settings, patience=0.0)
    waiting = away.search(**AGAIN)
    ended = away.again(waiting)
    assert ended.phase == job.ERROR
    page = away.client().get(f"/v1/searches/{ended.id}/rows").json
    assert (page["stale"], page["total"]) == (True, 4)


def test_without_an_earlier_answer_there_is_nothing_to_show(site: Asked) -> None:
    site.fault("status", status=503)
    waiting = site.search(**QUESTION)
    client = site.client()
    assert client.get(f"/v1/searches/{waiting.id}").json["stale"] is None
    assert client.get(f"/v1/searches/{waiting.id}/rows").json["code"] == "not_ready"


def test_a_stale_answer_goes_with_its_search(away: Asked) -> None:
    waiting = away.search(**AGAIN)
    away.api.control.delete(away.alice, waiting.id)
    assert not list(away.settings.tables.glob(f"{waiting.id}*"))


def test_an_aborted_search_shows_nothing(away: Asked) -> None:
    waiting = away.search(**AGAIN)
    away.api.control.abort(away.alice, waiting.id)
    assert away.client().get(f"/v1/searches/{waiting.id}/rows").json["code"] == "no_result"
