"""The job store's promises."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.errors import IdempotencyMismatch, IllegalMove, UnknownJob
from topmast_service.store.jobs import JobStore, position

WEEK = timedelta(days=7)


def added(store: JobStore, job_id: str = "b_1", owner: str = "alice") -> Job:
    now = store.now()
    return store.add(Job(job_id, "bundle", owner, {"from": {"uris": ["ü"]}}, now, now + WEEK, notices=("ready a@x",)))


def test_what_was_added_is_found_unchanged(client: redis.Redis) -> None:
    store = JobStore(client)
    new = added(store)
    assert store.get("b_1") == new
    assert new.notices == ("ready a@x",)
    assert store.open_ids() == {"b_1"}


def test_a_job_that_never_existed_is_unknown_not_pending(client: redis.Redis) -> None:
    store = JobStore(client)
    with pytest.raises(UnknownJob):
        store.get("b_1")
    with pytest.raises(UnknownJob):
        store.change("b_1", lambda j: j)


def test_adding_again_keeps_the_first(client: redis.Redis) -> None:
    store = JobStore(client)
    first = added(store)
    again = store.add(replace(first, label="second"))
    assert again.label is None


def test_one_of_many_racing_workers_gets_the_claim(redis_process: object, client: redis.Redis) -> None:
    store = JobStore(client)
    store.change(added(store).id, lambda j: job.queue(j, "resolve"))
    won: list[int] = []

    def race() -> None:
        try:
            won.append(store.change("b_1", lambda j: job.claim(j, store.now(), timedelta(seconds=30))).attempt)
        except IllegalMove:
            return

    threads = [threading.Thread(target=race) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [1]


def test_no_change_is_lost_when_many_change_at_once(client: redis.Redis) -> None:
    store = JobStore(client)
    added(store)

    def bump() -> None:
        for _ in range(20):
            store.change("b_1", lambda j: replace(j, version=j.version + 1))

    threads = [threading.Thread(target=bump) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("b_1").version == 101


def test_an_illegal_move_changes_nothing(client: redis.Redis) -> None:
    store = JobStore(client)
    before = added(store)
    with pytest.raises(IllegalMove):
        store.change("b_1", lambda j: job.move(j, job.COMPLETED))
    assert store.get("b_1") == before


def test_waiting_ends_with_the_change_and_not_before(client: redis.Redis) -> None:
    store = JobStore(client)
    version = added(store).version
    timer = threading.Timer(0.3, lambda: store.change("b_1", lambda j: job.queue(j, "resolve")))
    timer.start()
    assert store.wait("b_1", version, 20).phase == job.QUEUED
    timer.join()


def test_waiting_ends_in_time_when_nothing_changes(client: redis.Redis) -> None:
    store = JobStore(client)
    version = added(store).version
    begun = time.monotonic()
    assert store.wait("b_1", version, 0.2).version == version
    assert time.monotonic() - begun >= 0.2


def test_a_version_that_has_passed_is_answered_at_once(client: redis.Redis) -> None:
    store = JobStore(client)
    added(store)
    changed = store.change("b_1", lambda j: job.queue(j, "resolve"))
    assert store.wait("b_1", changed.version - 1, 60) == changed


def test_lists_are_newest_first_and_continue_where_they_stopped(client: redis.Redis) -> None:
    store = JobStore(client)
    ids = [added(store, f"b_{n:03}").id for n in range(130)]
    added(store, "b_other", "bob")
    everything = list(store.of("alice"))
    assert [j.id for j in everything] == ids[::-1]
    rest = list(store.of("alice", before=position(everything[54])))
    assert [j.id for j in rest] == [j.id for j in everything[55:]]


def test_a_removed_job_leaves_no_trace(client: redis.Redis) -> None:
    store = JobStore(client)
    store.remove(added(store))
    assert store.open_ids() == set()
    assert list(store.of("alice")) == []
    assert client.zcard("topmast:ends") == 0


def test_destruction_is_told_when_it_is_due(client: redis.Redis) -> None:
    store = JobStore(client)
    soon = added(store)
    assert store.due_for_destruction(soon.destruction - timedelta(seconds=1)) == []
    assert store.due_for_destruction(soon.destruction) == ["b_1"]
    store.change("b_1", lambda j: job.keep_until(j, j.destruction + WEEK))
    assert store.due_for_destruction(soon.destruction) == []


def test_a_key_stands_for_its_first_request(client: redis.Redis) -> None:
    store = JobStore(client)
    assert store.promise("alice", "k", "body", "b_1").repeated is False
    again = store.promise("alice", "k", "body", "b_2")
    assert (again.job_id, again.repeated) == ("b_1", True)
    assert store.promise("bob", "k", "other", "b_3").job_id == "b_3"
    with pytest.raises(IdempotencyMismatch):
        store.promise("alice", "k", "another", "b_4")


def test_once_is_once(client: redis.Redis) -> None:
    store = JobStore(client)
    assert [store.once("x", timedelta(minutes=1)) for _ in range(3)] == [True, False, False]


def test_a_job_is_closed_only_when_it_is_final_and_all_are_told(client: redis.Redis) -> None:
    store = JobStore(client)
    added(store)
    store.close("b_1")
    assert store.open_ids() == {"b_1"}
    store.change("b_1", lambda j: replace(job.abort(j, store.now()), notices=("ready alice@example.org",)))
    store.close("b_1")
    assert store.open_ids() == {"b_1"}
    store.change("b_1", lambda j: replace(j, notices=()))
    store.close("b_1")
    assert store.open_ids() == set()


def test_what_begins_again_is_looked_after_again(client: redis.Redis) -> None:
    store = JobStore(client)
    added(store)
    store.change("b_1", lambda j: job.abort(j, store.now()))
    store.close("b_1")
    store.change("b_1", lambda j: job.retry(j, "resolve", ()))
    assert store.open_ids() == {"b_1"}
