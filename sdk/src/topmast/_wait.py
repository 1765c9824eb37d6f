"""Waiting for a job, by long poll, within the user's total time.

Measured on seven released clients of other archives: none survived all of two 503s, a reset, a 429, an unknown
phase, a job that never ends and a server that accepts and never answers. Hence: one monotonic deadline over
everything, and every socket timeout cut to what is left of it.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ._api_errors import ApiError
from ._clock import Deadline
from ._errors import JobAborted, JobArchived, JobError, JobFailed, JobHeld, TopmastError, TransportError, WaitTimeout
from ._held import remedy, waits_for_user
from ._messages import Params, Reply, Request
from ._progress import ProgressOption, Show, shown
from ._retry import RetryPolicy
from ._session import Session

if TYPE_CHECKING:
    from ._job import Job

J = TypeVar("J", bound="Job")

log = logging.getLogger("topmast")

POLL = 20  # seconds the service may hold a poll (it allows 30); short enough for common proxies' 60
MARGIN = 10.0  # seconds more before a held poll counts as lost
PATIENCE = 600.0  # seconds of nothing but faults before giving up: a restart or an upgrade fits in
LAST_LOOK = 1.0  # seconds kept for one look more when the service asked for a pause beyond the deadline
SLOWEST = 30.0  # seconds between polls of a service that does not hold them
FASTEST = 0.25
GRACE = 5.0  # seconds in which a job goes on that was held: its user has just stored a token, perhaps


@dataclass
class Pace:
    """How long to pause between polls; knows no network.

    A service that holds polls sets the pace itself. One that answers at once is asked ever more rarely (pyvo once
    sent it 75 requests in 1.5 s), unless it says when to come back.
    """

    policy: RetryPolicy
    idle: float = 1.0
    faults: int = 0
    faulty_since: float = math.inf

    def after_answer(self, took: float, held: bool, changed: bool, retry_after: float | None) -> float:
        """Seconds to pause after an answer that took so long, was held or not, told of a change or not."""
        self.faults, self.faulty_since = 0, math.inf
        if held or changed:
            self.idle = 1.0
            return max(retry_after or 0.0, FASTEST - took, 0.0)
        pause, self.idle = self.idle, min(SLOWEST, self.idle * 1.5)
        return pause if retry_after is None else retry_after

    def after_fault(self, error: TopmastError, now: float, fraction: float) -> float:
        """Seconds to pause after a fault; raises it when there was nothing else for too long."""
        self.faults += 1
        self.faulty_since = min(self.faulty_since, now)
        if now - self.faulty_since > PATIENCE:
            raise error
        asked = error.retry_after if isinstance(error, ApiError) else None
        return max(min(asked or 0.0, PATIENCE), self.policy.backoff(self.faults, fraction))


def wait_for(job: J, session: Session, deadline: Deadline, progress: ProgressOption, *, raise_on_failure: bool) -> J:
    """Poll until `job` is done; see `Job.wait`."""
    try:
        with shown(progress, job.id) as show:
            job = _poll_until_done(job, session, deadline, show)
    except KeyboardInterrupt as stop:
        stop.add_note(f"{job.id} goes on without you; pick it up with client.jobs.get({job.id!r}).wait().")
        raise
    if raise_on_failure:
        raise_if_failed(job)
    return job


def _poll_until_done(job: J, session: Session, deadline: Deadline, show: Show) -> J:
    pace, clock, fault = Pace(session.retry), session.clock, None
    whole, held_until = bool(job.raw.get(job.part)), clock.monotonic() + (GRACE if _held(job) else 0.0)
    while not (job.done and (whole or not job.ok or not job.part)):
        show(job.progress)
        if _held(job) and (deadline.passed or clock.monotonic() >= held_until):
            raise _with_reason(JobHeld, f"{job.id} waits for {job.owner or 'you'}", job)
        if deadline.passed:
            raise _timed_out(job) from fault
        # After a fault one quick look: a busy service refuses to hold polls before it refuses to answer.
        began, asked = clock.monotonic(), 0 if fault else _hold(deadline)
        try:
            reply = _ask(job, session, deadline, asked)
            fresh = job._updated(reply.json())
        except TopmastError as error:
            if not _worth_waiting(error):
                raise
            log.debug("poll of %s failed: %s", job.id, error)
            fault, pause = error, pace.after_fault(error, clock.monotonic(), clock.fraction())
        else:
            took, changed = clock.monotonic() - began, fresh.version != job.version or fresh.phase != job.phase
            held = asked > 0 and took >= asked / 2
            fault, whole, job = None, job.done, fresh
            pause = 0.0 if job.done else pace.after_answer(took, held, changed, reply.retry_after())
        if pause:
            clock.sleep(_within(pause, deadline))
    show(job.progress)
    return job


def _held(job: Job) -> bool:
    return waits_for_user(job.phase, job.phase_reason)


def _ask(job: Job, session: Session, deadline: Deadline, asked: int) -> Reply:
    """Poll; or, once it is done, fetch the search's or bundle's own part, which polls do not carry."""
    if job.done:
        return session.once(Request("GET", job._own_path()), deadline)
    since: Params = () if job.version is None else (("since", str(job.version)),)
    request = Request("GET", job._job_path(), (("wait", str(asked)), *since))
    return session.once(request, deadline, silence=asked + MARGIN)


def _hold(deadline: Deadline) -> int:
    """Seconds to let the service hold the poll, so that its answer is back before the deadline."""
    return int(min(POLL, max(0.0, deadline.left() - LAST_LOOK)))


def _within(pause: float, deadline: Deadline) -> float:
    left = deadline.left()
    if pause < left:
        return pause
    return left if left < FASTEST else max(left - LAST_LOOK, left / 2)


def _worth_waiting(error: TopmastError) -> bool:
    # A proxy restarting shows its own pages: 500s and 200s with HTML count as weather here.
    if isinstance(error, ApiError):
        return error.status in (408, 429) or error.status >= 500
    return isinstance(error, TransportError)


def raise_if_failed(job: Job) -> None:
    """Raise what a final phase other than COMPLETED means."""
    kinds: dict[str, tuple[type[JobError], str]] = {
        "ERROR": (JobFailed, "failed"),
        "ABORTED": (JobAborted, "was stopped"),
        "ARCHIVED": (JobArchived, "has expired: its results are gone"),
    }
    if job.phase not in kinds:
        return
    kind, words = kinds[job.phase]
    raise _with_reason(kind, f"{job.id} {words}", job)


def _with_reason(kind: type[JobError], said: str, job: Job) -> JobError:
    problem = job.error
    why = f": {problem.code}: {problem.detail or problem.title}" if problem is not None else ""
    hint = remedy(job.phase, job.phase_reason) or (problem.hint if problem is not None else None)
    return kind(f"{said}{why}", job=job, hint=hint)


def _timed_out(job: Job) -> WaitTimeout:
    state = f"{job.phase} ({job.phase_reason})" if job.phase_reason else job.phase
    return WaitTimeout(
        f"{job.id} is {state or 'under way'} and the time to wait is over",
        job=job,
        hint=f"It goes on; pick it up with client.jobs.get({job.id!r}).wait().",
    )
