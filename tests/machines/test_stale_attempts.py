"""Whoever comes back with an old attempt, or an old slice, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import fakeredis
import pytest

from tests.machines.interruptions import to_fake
from tests.machines.mast import Mast
from tests.machines.world import ALICE, Process, World
from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.errors import IllegalMove, StaleAttempt, TopmastError, UpstreamDown
from topmast_service.workflows.attempt import Attempt, Terms, suspend, work

TERMS = Terms(timedelta(seconds=30), timedelta(days=1))
REQUEST = {"from": {"uris": ["mast:JWST/product/jw01_a_asn.json", "mast:JWST/product/jw01_b_asn.json"]}}


@pytest.fixture
def world(tmp_path: Path, mast: Mast) -> World:
    found = World(tmp_path, to_fake(fakeredis.FakeServer()), mast.url)
    found.do(lambda process: process.api.submissions.bundle(ALICE, REQUEST))
    return found


def the_job(world: World) -> Job:
    (found,) = world.jobs()
    return found


@contextmanager
def a_process(world: World) -> Iterator[Process]:
    """One that nothing happens to."""
    found: list[Process] = []
    world.do(found.append)
    yield found[0]
    found[0].close()


def overtaken(world: World, process: Process) -> Job:
    """Time passes, and another attempt takes the step over."""
    world.pass_time(31)
    jobs = process.api.stores.jobs
    return jobs.change(the_job(world).id, lambda found: job.claim(found, jobs.now(), TERMS.lease))


@pytest.mark.parametrize(
    "error", [UpstreamDown("away"), TopmastError("wrong"), ValueError("a fault of ours"), IllegalMove("odd")]
)
def test_an_old_attempts_failure_does_not_touch_its_successor(world: World, error: Exception) -> None:
    successor: list[Job] = []

    def body(attempt: Attempt) -> None:
        successor.append(overtaken(world, process))
        raise error

    with a_process(world) as process:
        work(process.api.stores.jobs, the_job(world).id, "resolve", TERMS, body)
    assert [the_job(world)] == successor


def test_an_old_attempt_is_told_before_it_keeps_anything(world: World) -> None:
    seen: list[type] = []

    def body(attempt: Attempt) -> None:
        attempt.check()
        overtaken(world, process)
        try:
            attempt.check()
        except StaleAttempt as error:
            seen.append(type(error))
            raise

    with a_process(world) as process:
        work(process.api.stores.jobs, the_job(world).id, "resolve", TERMS, body)
    assert seen == [StaleAttempt]


def test_a_late_word_that_mast_is_away_does_not_stop_another_step(world: World) -> None:
    """A worker whose slice was lost long ago finds MAST away, while the bundle is at another step."""
    world.deliver_all()
    done = the_job(world)
    with a_process(world) as process:
        jobs = process.api.stores.jobs
        jobs.change(done.id, lambda found: job.retry(found, "resolve", ()))
        jobs.change(done.id, lambda found: job.claim(found, jobs.now(), TERMS.lease))
        before = the_job(world)
        suspend(jobs, done.id, UpstreamDown("away"), TERMS)
    assert the_job(world) == before


def test_a_lost_slice_is_lost(world: World) -> None:
    world.answer(world.messages[0])
    with a_process(world) as process:
        slices = process.api.stores.slices
        piece = slices.next()
        assert piece is not None
        world.pass_time(31)
        assert slices.expire() == [piece.job_id]
        before = slices.counts(piece.job_id), slices.due_in()
        assert not slices.renew(piece)
        assert not slices.settle(piece, piece.members[0], {"status": "OK", "size": 1})
        slices.postpone(piece, piece.members[0], 1000, counted=True)
        slices.close(piece)
        assert slices.counts(piece.job_id) == before[0]
        assert (slices.due_in() or 0) < 1
        assert slices.tried(piece, piece.members[0]) == 0
