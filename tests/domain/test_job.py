"""The moves of a job: what is legal, who holds it, who is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.errors import IllegalMove, StaleAttempt, WorkerLost

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def new() -> Job:
    return Job("b_1", "bundle", "alice", {"from": {}}, NOW, NOW + timedelta(days=7))


def claimed() -> Job:
    return job.claim(job.queue(new(), "resolve"), NOW, LEASE)


def test_a_whole_life() -> None:
    done = job.finish(claimed(), 1, NOW, "complete", revision=1)
    assert (done.phase, done.outcome, done.revision, done.ended) == (job.COMPLETED, "complete", 1, NOW)
    assert done.lease_until is None
    assert job.archive(done).phase == job.ARCHIVED


@pytest.mark.parametrize("phase", sorted(job.PHASES))
def test_what_the_table_does_not_name_is_refused(phase: str) -> None:
    for wanted in set(job.PHASES) - job.MOVES[phase]:
        with pytest.raises(IllegalMove):
            job.move(replace(new(), phase=phase), wanted)


def test_final_phases_lead_only_to_the_archive_or_to_a_retry() -> None:
    assert {p for p in job.PHASES if job.MOVES[p] <= {job.ARCHIVED, job.QUEUED}} - {job.PENDING, job.HELD} == job.FINAL


def test_a_held_job_is_not_claimed_and_goes_on_where_it_was() -> None:
    held = job.hold(claimed())
    with pytest.raises(IllegalMove):
        job.claim(held, NOW + 2 * LEASE, LEASE)
    with pytest.raises(StaleAttempt):
        job.finish(held, 1, NOW, "complete")
    assert (job.run(held).phase, job.run(held).step) == (job.QUEUED, "resolve")
    files = job.run(job.hold(job.await_files(claimed(), 1)))
    assert (files.phase, files.step) == (job.EXECUTING, "transfer")


def test_a_retry_keeps_the_revision_in_sight_until_the_next() -> None:
    done = job.finish(claimed(), 1, NOW, "partial", revision=1)
    again = job.retry(done, "again", ("ready a@x",))
    assert (again.phase, again.outcome, again.revision, again.published) == (job.QUEUED, None, 1, True)
    with pytest.raises(IllegalMove):
        job.retry(again, "again", ())
    assert not job.archive(done).published


def test_a_live_lease_keeps_others_out_and_a_dead_one_does_not() -> None:
    with pytest.raises(IllegalMove):
        job.claim(claimed(), NOW + LEASE / 2, LEASE)
    taken = job.claim(claimed(), NOW + LEASE, LEASE)
    assert (taken.attempt, taken.lost) == (2, 1)


def test_whoever_comes_back_with_an_older_attempt_is_refused() -> None:
    taken = job.claim(claimed(), NOW + LEASE, LEASE)
    for late in (
        lambda: job.finish(taken, 1, NOW, "complete"),
        lambda: job.renew(taken, 1, NOW, LEASE),
        lambda: job.hand_over(taken, 1, "publish"),
        lambda: job.await_files(taken, 1),
    ):
        with pytest.raises(StaleAttempt):
            late()


def test_a_step_that_kills_three_workers_is_given_up() -> None:
    held = claimed()
    for number in range(1, job.MAX_LOST_ATTEMPTS):
        held = job.claim(held, NOW + number * LEASE, LEASE)
    with pytest.raises(WorkerLost):
        job.claim(held, NOW + job.MAX_LOST_ATTEMPTS * LEASE, LEASE)


def test_a_new_step_forgets_the_losses_of_the_one_before() -> None:
    taken = job.claim(claimed(), NOW + LEASE, LEASE)
    assert job.hand_over(taken, taken.attempt, "publish").lost == 0


def test_suspended_waits_its_time_and_remembers_when_the_outage_began() -> None:
    waiting = job.suspend(claimed(), NOW, "upstream_down", timedelta(seconds=5))
    with pytest.raises(IllegalMove):
        job.claim(waiting, NOW + timedelta(seconds=4), LEASE)
    again = job.claim(waiting, NOW + timedelta(seconds=5), LEASE)
    later = job.suspend(again, NOW + timedelta(minutes=1), "upstream_down", timedelta(seconds=5))
    assert later.suspended_since == NOW


def test_aborted_while_it_was_worked_on() -> None:
    with pytest.raises(StaleAttempt):
        job.finish(job.abort(claimed(), NOW), 1, NOW, "complete")


def test_progress_is_told_at_most_once_a_second_but_the_last_always() -> None:
    files = job.await_files(claimed(), 1, progress={"files_done": 0})
    first = job.tell(files, {"files_done": 1}, NOW, last=False)
    assert first.version == files.version + 1
    assert job.tell(first, {"files_done": 2}, NOW + timedelta(milliseconds=500), last=False) is first
    assert job.tell(first, {"files_done": 2}, NOW + timedelta(milliseconds=500), last=True).progress == {
        "files_done": 2
    }


@given(
    phase=st.sampled_from(job.PHASES),
    times=st.lists(st.none() | st.datetimes(timezones=st.just(UTC)), min_size=4, max_size=4),
    notices=st.lists(st.text(max_size=9), max_size=3),
    label=st.none() | st.text(max_size=20),
)
def test_records_come_back_as_they_went(
    phase: str, times: list[datetime | None], notices: list[str], label: str | None
) -> None:
    lease, before, started, ended = times
    given_job = replace(
        new(), phase=phase, lease_until=lease, not_before=before, started=started, ended=ended,
        notices=tuple(notices), label=label,
    )  # fmt: skip
    assert job.from_record(job.to_record(given_job)) == given_job


def test_a_record_of_another_release_is_read() -> None:
    record = {k: v for k, v in job.to_record(new()).items() if k not in {"told", "notices", "suspended_since"}}
    assert job.from_record(record | {"queue_position": 4}) == new()


def test_a_retry_forgets_no_message_that_is_still_owed() -> None:
    """Upkeep had not come round yet when the first revision was retried: nobody was told that the request came."""
    ended = job.abort(replace(job.queue(new(), "resolve"), notices=("accepted a@b.c", "ready a@b.c")), NOW)
    assert job.retry(ended, "resolve", ("ready a@b.c",)).notices == ("accepted a@b.c", "ready a@b.c")
