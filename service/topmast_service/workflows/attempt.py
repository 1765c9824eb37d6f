"""One worker's attempt at one step of a job: claimed, kept alive, and ended in exactly one way.

Whatever happens inside, the record afterwards says what comes next: the step moved on, the job is SUSPENDED and will go
on, it ended in ERROR with a code, or the lease runs out and somebody else takes over.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from structlog.contextvars import bound_contextvars

from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.errors import (
    DiskFull,
    IllegalMove,
    NeedsMastToken,
    StaleAttempt,
    TopmastError,
    UnknownJob,
    UpstreamDown,
    WorkerLost,
)
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.jobs import JobStore

log = logging.getLogger(__name__)

SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)


@dataclass(frozen=True)
class Terms:
    """How long a silent worker keeps its claim, and how long a job waits for MAST before it gives up."""

    lease: timedelta
    patience: timedelta


@dataclass(frozen=True)
class Attempt:
    """The job as claimed, and the number that every change must carry."""

    job: Job
    jobs: JobStore
    lost: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Stop here if the claim is gone (aborted, or taken over): between two batches, before anything is kept.

        The record is asked, since a process that was stopped wakes up before its heartbeat does.
        """
        if self.lost.is_set() or not self._mine(self.jobs.get(self.job.id)):
            raise StaleAttempt(f"Attempt {self.job.attempt} on {self.job.id} no longer counts.")

    def _mine(self, latest: Job) -> bool:
        return latest.phase == job.EXECUTING and latest.attempt == self.job.attempt

    def suspend(self, error: TopmastError, terms: Terms) -> None:
        """Let the job wait for what is missing; nothing happens if this attempt no longer counts."""
        suspend(self.jobs, self.job.id, error, terms, self._mine)

    def hold(self, error: NeedsMastToken) -> None:
        """Let the job wait for its owner's MAST token; nothing happens if this attempt no longer counts."""
        log.info("%s waits for a MAST token", self.job.id)
        told = error.as_record()
        self.jobs.change(self.job.id, lambda j: job.hold(j, job.NEEDS_TOKEN, told) if self._mine(j) else j)

    def fail(self, error: TopmastError) -> None:
        """End the job; nothing happens if this attempt no longer counts: its successor may be doing well."""
        end_in_error(self.jobs, self.job.id, error, self._mine)

    def change(self, function: Callable[[Job, int], Job]) -> Job:
        """Change the record, if this attempt still counts."""
        return self.jobs.change(self.job.id, lambda latest: function(latest, self.job.attempt))


def work(jobs: JobStore, job_id: str, step: str, terms: Terms, body: Callable[[Attempt], None]) -> None:
    """Claim `step` of a job and do it; returns at once when there is nothing to claim."""
    attempt = _claimed(jobs, job_id, step, terms)
    if attempt is None:
        return
    with bound_contextvars(**belonging(attempt.job), task=step):
        _work(attempt, step, terms, body)


def belonging(found: Job) -> dict[str, str]:
    """What log lines about a job belong to."""
    return {"job": found.id, "user": found.owner, "request_id": found.request_id}


def _work(attempt: Attempt, step: str, terms: Terms, body: Callable[[Attempt], None]) -> None:
    job_id = attempt.job.id
    log.info("%s of %s begins (attempt %d)", step, job_id, attempt.job.attempt)
    try:
        with _heartbeat(attempt, terms.lease):
            body(attempt)
        log.info("%s of %s is done", step, job_id)
    except (StaleAttempt, UnknownJob):
        log.info("attempt %d on %s was taken over or aborted", attempt.job.attempt, job_id)
    except (UpstreamDown, DiskFull) as error:
        attempt.suspend(error, terms)
    except NeedsMastToken as error:
        attempt.hold(error)
    except UNAVAILABLE:
        raise  # the lease runs out, and whoever comes next finds the job as it was
    except TopmastError as error:
        attempt.fail(error)
    except Exception:
        log.exception("step %s of %s failed", step, job_id)
        attempt.fail(TopmastError(f"Step {step!r} failed; the service's log has the reason."))


Still = Callable[[Job], bool]
"""Whether the record still is where its caller saw it; else nothing may be changed."""


def moving_files(latest: Job) -> bool:
    """Whether the job's files are being moved, so that a transfer worker may say that MAST is away."""
    return latest.step == "transfer" and latest.phase in {job.EXECUTING, job.SUSPENDED}


def suspend(jobs: JobStore, job_id: str, error: TopmastError, terms: Terms, still: Still = moving_files) -> None:
    """Let the job wait for what is missing, or end it once its patience is used up."""
    log.warning("%s waits: %s (%s)", job_id, error.code, error)
    now = jobs.now()

    def change(latest: Job) -> Job:
        since = latest.suspended_since or now
        if not still(latest):
            return latest
        if now - since > terms.patience and latest.step != "transfer":  # there upkeep publishes what has come
            return job.fail(latest, now, error.as_record())
        return job.suspend(latest, now, error.code, _pause(since, now, error.retry_after))

    jobs.change(job_id, change)


def wait_for_token(jobs: JobStore, job_id: str, error: TopmastError, still: Still = moving_files) -> bool:
    """HELD until its owner has stored another MAST token; False if they have let it go on without one."""
    told = error.as_record()

    def change(latest: Job) -> Job:
        waits = still(latest) and not latest.without_token
        return job.hold(latest, job.NEEDS_TOKEN, told) if waits else latest

    changed = jobs.change(job_id, change)
    return not changed.without_token


def end_in_error(jobs: JobStore, job_id: str, error: TopmastError, still: Still) -> None:
    """End the job with what its user needs to know."""
    now = jobs.now()
    jobs.change(job_id, lambda latest: job.fail(latest, now, error.as_record()) if still(latest) else latest)


def _pause(since: datetime, now: datetime, retry_after: float | None) -> timedelta:
    """A quarter of the time it has been down already: 5 s at first, 5 min in the end, or what MAST asked for."""
    asked = timedelta(seconds=retry_after or 0)
    return min(max((now - since) / 4, SHORTEST_WAIT, asked), LONGEST_WAIT)


def _claimed(jobs: JobStore, job_id: str, step: str, terms: Terms) -> Attempt | None:
    now = jobs.now()

    def change(latest: Job) -> Job:
        if latest.step != step:
            raise IllegalMove(f"{job_id} is at step {latest.step!r}, not {step!r}.")
        try:
            return job.claim(latest, now, terms.lease)
        except WorkerLost as error:
            return job.fail(latest, now, error.as_record())

    try:
        claimed = jobs.change(job_id, change)
        return Attempt(claimed, jobs) if claimed.phase == job.EXECUTING else None
    except (IllegalMove, UnknownJob):
        log.debug("nothing to claim: %s of %s", step, job_id)
    return None


@contextmanager
def _heartbeat(attempt: Attempt, lease: timedelta) -> Iterator[None]:
    """Renew the lease every third of it, in a thread; set `attempt.lost` when it cannot be renewed."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(lease.total_seconds() / 3):
            try:
                now = attempt.jobs.now()
                attempt.change(lambda latest, n: job.renew(latest, n, now, lease))  # noqa: B023 - called at once
            except (IllegalMove, UnknownJob):
                attempt.lost.set()
                return
            except UNAVAILABLE:
                log.warning("cannot renew the lease of %s: Redis is away", attempt.job.id)

    thread = threading.Thread(target=copy_context().run, args=(beat,), name=f"lease-{attempt.job.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
