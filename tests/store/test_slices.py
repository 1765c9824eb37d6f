"""The work list's promises: every file in one pair of hands, nothing lost, nothing counted twice."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import redis

from topmast_service.domain.job import EXECUTING, Job
from topmast_service.errors import StaleAttempt
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import BULK_FILES, MAX_LOST, SLICE_FILES, Slice, Slices

OK = {"status": "OK", "source": "fetched", "size": 10}


def running(client: redis.Redis, job_id: str) -> Job:
    """The record of a job that is being resolved."""
    now = datetime.now(UTC)
    return JobStore(client).add(Job(job_id, "bundle", "alice", {}, now, now, phase=EXECUTING, attempt=1))


def settle_all(slices: Slices, piece: Slice) -> None:
    for member in piece.members:
        assert slices.settle(piece, member, OK)
    slices.close(piece)


def taken(slices: Slices) -> Slice:
    piece = slices.next()
    assert piece is not None
    return piece


def expired(client: redis.Redis) -> None:
    for name in client.zrange("topmast:slices", 0, -1):
        client.zadd("topmast:slices", {name: 0})


def test_a_job_is_drained_when_every_file_is_settled(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(n, 10) for n in range(1, 21)])
    while piece := slices.next():
        assert not slices.drained("b_1")
        settle_all(slices, piece)
    assert slices.drained("b_1")
    assert slices.counts("b_1") == {"OK": 20, "bytes": 200}
    assert sorted(slices.results("b_1")) == list(range(1, 21))


def test_filling_again_changes_nothing_that_is_settled(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(1, 10), (2, 10)])
    piece = taken(slices)
    slices.settle(piece, "1:10", OK)
    slices.close(piece)
    slices.fill(running(client, "b_1"), [(1, 10), (2, 10)])
    assert taken(slices).members == ("2:10",)


def test_jobs_take_turns(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_bulk"), [(n, 1) for n in range(100)])
    slices.fill(running(client, "b_small"), [(1, 1)])
    served = [taken(slices).job_id for _ in range(3)]
    assert sorted(served[:2]) == ["b_bulk", "b_small"]
    assert served[2] == "b_bulk"


def test_a_slice_is_small_in_files_and_in_bytes(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(n, 1) for n in range(SLICE_FILES * 20)])
    assert len(taken(slices).members) == SLICE_FILES
    slices.forget(running(client, "b_1"))
    slices.fill(running(client, "b_2"), [(n, 1_500_000_000) for n in range(1, 4)])
    assert len(taken(slices).members) == 1


def test_slices_shrink_towards_the_end(client: redis.Redis) -> None:
    slices = Slices(client, most=4)
    slices.fill(running(client, "b_1"), [(n, 1) for n in range(8)])
    assert [len(taken(slices).members) for _ in range(4)] == [2, 1, 1, 1]


def test_no_more_slices_than_connections(client: redis.Redis) -> None:
    slices = Slices(client, most=2)
    slices.fill(running(client, "b_1"), [(n, 1) for n in range(100)])
    first, _ = taken(slices), taken(slices)
    assert slices.next() is None
    slices.close(first)
    assert slices.next() is not None


def test_many_workers_never_hold_the_same_file(client: redis.Redis) -> None:
    slices = Slices(client, most=100)
    slices.fill(running(client, "b_1"), [(n, 1) for n in range(400)])
    held: list[str] = []

    def take() -> None:
        while piece := slices.next():
            held.extend(piece.members)
            settle_all(slices, piece)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == len(set(held)) == 400


def test_a_dead_workers_files_go_back_and_it_settles_nothing_more(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(1, 10)])
    late = taken(slices)
    expired(client)
    assert slices.expire() == ["b_1"]
    assert slices.renew(late) is False
    assert slices.settle(late, "1:10", OK) is False
    assert taken(slices).members == ("1:10",)
    assert slices.counts("b_1") == {}


def test_a_file_that_kills_its_workers_is_given_up(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(1, 10)])
    for _ in range(MAX_LOST):
        taken(slices)
        expired(client)
        slices.expire()
    assert slices.drained("b_1")
    assert slices.results("b_1")[1]["code"] == "worker_lost"
    assert slices.counts("b_1")["FAILED"] == 1


def test_a_postponed_file_waits_and_counts_its_tries(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(1, 10)])
    piece = taken(slices)
    slices.postpone(piece, "1:10", 60, counted=True)
    slices.close(piece)
    assert slices.next() is None
    assert not slices.drained("b_1")
    assert slices.due_in() == pytest.approx(60, abs=5)
    assert slices.tried(piece, "1:10") == 1


def test_forgetting_takes_the_slice_out_of_the_workers_hands(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(1, 10)])
    piece = taken(slices)
    slices.forget(running(client, "b_1"))
    assert slices.renew(piece) is False
    assert slices.settle(piece, "1:10", OK) is False
    assert slices.due_in() is None
    assert [k for k in client.keys("topmast:*") if "b_1" in k] == ["topmast:job:b_1"]


def test_giving_up_settles_what_waits_and_leaves_what_is_in_hands(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(n, 1) for n in range(10)])
    piece = taken(slices)
    slices.give_up("b_1", {"status": "FAILED", "reason": "failed: away"})
    assert slices.counts("b_1")["FAILED"] == 10 - len(piece.members)
    assert not slices.drained("b_1")
    settle_all(slices, piece)
    assert slices.drained("b_1")


def test_held_files_are_in_nobodys_hands_until_they_are_released(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(n, 1) for n in range(10)])
    piece = taken(slices)
    slices.hold("b_1")
    assert slices.settle(piece, piece.members[0], OK) is False
    assert slices.next() is None
    slices.release("b_1")
    while more := slices.next():
        settle_all(slices, more)
    assert slices.counts("b_1")["OK"] == 10


def test_small_jobs_come_before_bulk_which_leaves_them_two_places(client: redis.Redis) -> None:
    slices = Slices(client, most=4)
    slices.fill(running(client, "b_bulk"), [(n, 1) for n in range(BULK_FILES + 100)])
    assert [taken(slices).job_id for _ in range(2)] == ["b_bulk", "b_bulk"]
    assert slices.next() is None
    slices.fill(running(client, "b_small"), [(1, 1), (2, 1)])
    assert [taken(slices).job_id for _ in range(2)] == ["b_small", "b_small"]


def test_bytes_on_their_way_are_counted_until_they_are_settled(client: redis.Redis) -> None:
    slices = Slices(client)
    slices.fill(running(client, "b_1"), [(1, 10)])
    piece = taken(slices)
    assert slices.renew(piece, 7)
    assert slices.counts("b_1") == {"moving": 7}
    settle_all(slices, piece)
    assert slices.counts("b_1") == {"OK": 1, "bytes": 10}


def test_who_was_stopped_for_long_neither_fills_nor_clears_anothers_list(client: redis.Redis) -> None:
    slices, stale = Slices(client), running(client, "b_1")
    now = JobStore(client).change("b_1", lambda job: replace(job, attempt=2))
    slices.fill(now, [(1, 10)])
    with pytest.raises(StaleAttempt):
        slices.fill(stale, [(2, 10)])
    with pytest.raises(StaleAttempt):
        slices.settle_at_once(stale, {2: OK})
    slices.forget(stale)
    slices.forget_removed("b_1")
    assert taken(slices).members == ("1:10",)
    assert slices.counts("b_1") == {}


def test_settling_at_once_counts_each_file_once(client: redis.Redis) -> None:
    slices, job = Slices(client), running(client, "b_1")
    for _ in range(2):
        slices.settle_at_once(job, {1: OK, 2: OK | {"source": "cached"}})
    assert slices.counts("b_1") == {"OK": 2, "bytes": 20, "cached": 1, "cached_bytes": 10}
    assert sorted(slices.results("b_1")) == [1, 2]


def test_only_the_file_in_hand_counts_as_lost_with_its_worker(client: redis.Redis) -> None:
    slices = Slices(client, most=1)
    slices.fill(running(client, "b_1"), [(n, 10) for n in range(4)])
    for _ in range(MAX_LOST):
        piece = taken(slices)
        assert piece.members[0] == "0:10"
        expired(client)
        slices.expire()
    assert list(slices.results("b_1")) == [0]
    assert taken(slices).members == ("1:10", "2:10", "3:10")


def test_a_slice_asked_for_twice_is_given_once(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver repeats a command whose answer was lost when Redis was restarted."""
    slices = Slices(client)
    for name in ("b_1", "b_2"):
        slices.fill(running(client, name), [(1, 10)])
    monkeypatch.setattr("secrets.token_hex", lambda _: "the same")
    assert taken(slices) == taken(slices)
    slices.close(Slice("the same", "b_1", ("1:10",)))
    monkeypatch.undo()
    assert {(piece.job_id, piece.members) for piece in (taken(slices), taken(slices))} == {
        ("b_1", ("1:10",)),
        ("b_2", ("1:10",)),
    }


def test_what_came_is_told_once_and_in_the_order_of_its_coming(client: redis.Redis) -> None:
    slices, seen = Slices(client), running(client, "b_1")
    for _ in range(2):  # a worker that died may have settled them already
        slices.settle_at_once(seen, {7: OK | {"source": "cached"}})
    slices.fill(seen, [(n, 10) for n in range(1, 4)])
    held = {piece.members[0]: piece for piece in iter(slices.next, None)}
    assert slices.settle(held["3:10"], "3:10", OK)
    assert not slices.settle(held["3:10"], "3:10", OK)
    assert slices.settle(held["1:10"], "1:10", {"status": "FAILED", "reason": "failed"})
    assert slices.settle(held["2:10"], "2:10", OK)
    assert slices.arrivals("b_1") == 3
    assert (slices.arrived("b_1", 0, 2), slices.arrived("b_1", 2, 2)) == ([7, 3], [2])
    assert set(slices.results_of("b_1", [7, 1, 99])) == {7, 1}
    assert slices.results_of("b_1", []) == {}
    slices.forget(seen)
    assert slices.arrivals("b_1") == 0
    assert not client.exists("topmast:arrived:b_1")
