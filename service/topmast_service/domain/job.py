"""The job record and the moves it may make: UWS 1.1 phases, a lease and an attempt number.

A record is a frozen value; every change is a pure function from record to record, so that the store can apply it
by compare-and-set and repeat it when it lost the race. Why a lease and an attempt: Celery redelivers late and
wrongly (a killed task came back after 91 s, a live slow one was started twice), and the two look alike from inside
the task. So work is *claimed*, the claim is renewed by a heartbeat, and whoever comes back with an older attempt is
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from topmast_service.domain.notices import EXPIRING, merged, without
from topmast_service.domain.redaction import redacted
from topmast_service.errors import IllegalMove, StaleAttempt, WorkerLost

SCHEMA = 1
"""Number of the record's form; `from_record` reads every earlier one."""

MAX_LOST_ATTEMPTS = 3
"""After so many dead workers on one step the job ends: it is the job that kills them."""

PENDING, QUEUED, EXECUTING = "PENDING", "QUEUED", "EXECUTING"
COMPLETED, ERROR, ABORTED, ARCHIVED = "COMPLETED", "ERROR", "ABORTED", "ARCHIVED"
HELD, SUSPENDED = "HELD", "SUSPENDED"

MAX_DEEDS = 32
"""How many deeds a record remembers: a repeat comes soon, not after so many others."""

MOVES: Mapping[str, frozenset[str]] = {
    PENDING: frozenset({QUEUED, ABORTED}),
    QUEUED: frozenset({EXECUTING, SUSPENDED, HELD, ERROR, ABORTED}),
    EXECUTING: frozenset({QUEUED, COMPLETED, ERROR, ABORTED, SUSPENDED, HELD}),
    SUSPENDED: frozenset({QUEUED, EXECUTING, HELD, ERROR, ABORTED}),
    HELD: frozenset({QUEUED, ABORTED, ERROR}),
    COMPLETED: frozenset({ARCHIVED, QUEUED}),
    ERROR: frozenset({ARCHIVED, QUEUED}),
    ABORTED: frozenset({ARCHIVED, QUEUED}),
    ARCHIVED: frozenset(),
}
"""The only legal moves (IVOA UWS 1.1 §2.1.3, with ARCHIVED kept for the record without its files).

What has ended is queued again only by its user's `retry`, for a next revision.
"""

PHASES = tuple(MOVES)
FINAL = frozenset({COMPLETED, ERROR, ABORTED, ARCHIVED})


NEEDS_TOKEN = "needs_token"  # noqa: S105 - a phase_reason (http.md)
"""Why a job is HELD that goes on by itself once its owner has stored a MAST token."""

FIRST_STEP = {"search": "search", "bundle": "resolve", "plan": "resolve", "copy": "copy"}
"""Where each kind of job begins."""


@dataclass(frozen=True)
class Job:
    """One search or bundle, its request as sent and what became of it. Times are aware UTC.

    `published_at` is when the current `revision` was; a retry forgets `ended`, but this stays until the next revision.
    `deeds` are the ids of what its owner did to it with an Idempotency-Key, the last ones. (No field sorts before
    `attempt`: slices.lua looks for that at the beginning of a record.)
    `notices` are owed now, `owed_at_end` at each end (None in records of earlier releases); `warned` is the destruction
    that was warned of. `without_token`: its owner has let it go on without the MAST token that it waited for. `shares`
    are the users who may look at it besides; `release_due` is when MAST is asked again for what it withheld.
    `request_id` is of the request that made it, so that workers' log lines can be found by it.
    """

    id: str
    kind: str
    owner: str
    request: dict[str, Any]
    created: datetime
    destruction: datetime
    label: str | None = None
    phase: str = PENDING
    phase_reason: str | None = None
    outcome: str | None = None
    step: str = ""
    version: int = 1
    attempt: int = 0
    lost: int = 0
    lease_until: datetime | None = None
    not_before: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    suspended_since: datetime | None = None
    told: datetime | None = None
    revision: int | None = None
    begun: int = 0
    published_at: datetime | None = None
    retention_days: float = 7
    progress: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    error: dict[str, str] | None = None
    without_token: bool = False
    shares: tuple[str, ...] = ()
    release_due: datetime | None = None
    notices: tuple[str, ...] = ()
    owed_at_end: tuple[str, ...] | None = None
    warned: datetime | None = None
    request_id: str = ""
    deeds: tuple[str, ...] = ()
    schema: int = SCHEMA

    @property
    def final(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.phase in FINAL

    @property
    def published(self) -> bool:
        """Whether there is a revision to be seen; a retry in progress does not hide the one before."""
        return self.revision is not None and self.phase != ARCHIVED


def move(job: Job, phase: str, *, reason: str | None = None, **changes: Any) -> Job:
    """`job` in another phase.

    Raises
    ------
    IllegalMove
        The table `MOVES` has no such step.
    """
    if phase not in MOVES[job.phase]:
        raise IllegalMove(f"Job {job.id} is {job.phase} and cannot become {phase}.")
    return replace(job, phase=phase, phase_reason=reason, version=job.version + 1, **changes)


def queue(job: Job, step: str) -> Job:
    """Ready for a worker to begin `step`; forgets the claim and the losses of the step before."""
    return move(job, QUEUED, step=step, lease_until=None, not_before=None, lost=0)


def claim(job: Job, now: datetime, lease: timedelta) -> Job:
    """The job as taken by a new attempt, from the queue or from a worker whose lease ran out.

    Raises
    ------
    IllegalMove
        It is final or held, its time has not come, or another attempt holds a live lease.
    WorkerLost
        The lease ran out once too often.
    """
    if job.not_before and now < job.not_before:
        raise IllegalMove(f"Job {job.id} waits until {job.not_before:%H:%M:%S}.")
    if job.phase == EXECUTING:
        return _take_over(job, now, lease)
    taken = move(job, EXECUTING, attempt=job.attempt + 1, lease_until=now + lease)
    return replace(taken, started=job.started or now, not_before=None)


def _take_over(job: Job, now: datetime, lease: timedelta) -> Job:
    if job.lease_until is None or now < job.lease_until:
        raise IllegalMove(f"Job {job.id} is being worked on.")
    if job.lost + 1 >= MAX_LOST_ATTEMPTS:
        raise WorkerLost(f"{MAX_LOST_ATTEMPTS} workers died on step {job.step!r} of job {job.id}.")
    return replace(job, attempt=job.attempt + 1, lost=job.lost + 1, lease_until=now + lease, version=job.version + 1)


def renew(job: Job, attempt: int, now: datetime, lease: timedelta) -> Job:
    """The lease prolonged; the version stays, nobody waits for a heartbeat."""
    _must_hold(job, attempt)
    return replace(job, lease_until=now + lease)


def hand_over(job: Job, attempt: int, step: str, **changes: Any) -> Job:
    """This attempt's step is done; the next one begins without a lease until somebody claims it."""
    _must_hold(job, attempt)
    changed = replace(job, suspended_since=None, **changes)
    return move(changed, QUEUED, step=step, lease_until=None, lost=0)


def await_files(job: Job, attempt: int, **changes: Any) -> Job:
    """The plan is made; slices carry the work now, so the job itself needs no lease (`step` is ``transfer``)."""
    _must_hold(job, attempt)
    changed = replace(job, step="transfer", lease_until=None, lost=0, suspended_since=None, **changes)
    return replace(changed, version=job.version + 1)


def tell(job: Job, progress: dict[str, Any], now: datetime, last: bool) -> Job:
    """Progress for whoever watches: at most a version a second, but always the `last`; moves a job that waited on."""
    if job.step != "transfer" or job.final or progress == job.progress:
        return job
    if job.phase == SUSPENDED and _arrived(progress) > _arrived(job.progress):
        job = move(job, EXECUTING, not_before=None, suspended_since=None)
    if not last and job.told and now - job.told < timedelta(seconds=1):
        return job
    return replace(job, progress=progress, told=now, version=job.version + 1)


def report(job: Job, attempt: int, now: datetime, progress: dict[str, Any], result: dict[str, Any]) -> Job:
    """How far an attempt is: `progress` for whoever watches, `result` for whoever goes on after it."""
    _must_hold(job, attempt)
    return replace(job, progress=progress, result=result, told=now, version=job.version + 1)


def _arrived(progress: Mapping[str, Any]) -> int:
    """Files that came. Those that were given up prove nothing about a MAST that was away."""
    return int(progress.get("files_done", 0)) - int(progress.get("files_failed", 0))


def leave_transfer(job: Job, step: str = "publish") -> Job:
    """Every file is settled: to be published, even if MAST is away just now. (Or back to another step.)"""
    return move(job, QUEUED, step=step, lease_until=None, not_before=None, suspended_since=None)


def keep_until(job: Job, destruction: datetime) -> Job:
    """Retention counts from when there is something to keep."""
    return replace(job, destruction=destruction)


def keep_for(job: Job, retention: timedelta, now: datetime) -> Job:
    """Kept for so long from now; longer, if its owner has asked for that."""
    return keep_until(job, max(job.destruction, now + retention))


def begin_revision(job: Job, attempt: int) -> Job:
    """A number for the revision that this attempt builds (`begun`); none is ever given twice.

    A worker that was stopped while publishing wrote its manifest over the one that its successor had published.
    """
    _must_hold(job, attempt)
    return replace(job, begun=max(job.begun, job.revision or 0) + 1)


def finish(job: Job, attempt: int, now: datetime, outcome: str, **changes: Any) -> Job:
    """COMPLETED with `outcome`, if `attempt` still is the one that counts."""
    _must_hold(job, attempt)
    return _end(replace(job, **changes), COMPLETED, now, outcome=outcome)


def fail(job: Job, now: datetime, error: dict[str, str]) -> Job:
    """ERROR, with what the user needs to know."""
    return _end(job, ERROR, now, reason=error["code"], error=_shown(error))


def abort(job: Job, now: datetime) -> Job:
    """ABORTED by the user; the record stays."""
    return _end(job, ABORTED, now)


def suspend(job: Job, now: datetime, reason: str, wait: timedelta) -> Job:
    """SUSPENDED: goes on by itself after `wait`. `suspended_since` keeps the first moment of one outage."""
    since = job.suspended_since or now
    if job.phase == SUSPENDED:
        return replace(job, not_before=now + wait)
    return move(job, SUSPENDED, reason=reason, not_before=now + wait, lease_until=None, suspended_since=since)


def resume(job: Job) -> Job:
    """Back to the queue, at the step where it stopped."""
    return move(job, QUEUED, not_before=None, lost=0)


def hold(job: Job, reason: str = "user", error: dict[str, str] | None = None) -> Job:
    """HELD by its user, or until its user does what `error` hints at: nothing goes on until `run`."""
    shown = None if error is None else _shown(error)
    return move(job, HELD, reason=reason, error=shown, lease_until=None, not_before=None)


def run(job: Job, *, waive: bool = False) -> Job:
    """A held job goes on at the step where it was held; files that wait need no claim.

    With `waive`, which is its owner's word, also without the token that it waited for.
    """
    if job.phase != HELD:
        raise IllegalMove(f"Job {job.id} is {job.phase}, not held.")
    waived = job.without_token or (waive and job.phase_reason == NEEDS_TOKEN)
    queued = move(job, QUEUED, error=None, lost=0, suspended_since=None, without_token=waived)
    return move(queued, EXECUTING) if job.step == "transfer" else queued


def retry(job: Job, step: str, notices: tuple[str, ...]) -> Job:
    """An ended job begins again at `step`, for its next revision; `notices` are owed beside those not told yet.

    Raises
    ------
    IllegalMove
        It has not ended, or its files are gone for good.
    """
    if not job.final:
        raise IllegalMove(f"Job {job.id} is {job.phase}; only what has ended can be retried.")
    owed = merged(without(job.notices, EXPIRING), notices)
    again = replace(
        job, outcome=None, error=None, ended=None, notices=owed, suspended_since=None, without_token=False,
        release_due=None,
    )  # fmt: skip
    return queue(again, step)


def once(job: Job, act: str | None, change: Callable[[Job], Job]) -> Job:
    """`change` applied to the job, unless the act of this id was before; one without id is always new."""
    if act is None:
        return change(job)
    return job if act in job.deeds else replace(change(job), deeds=(*job.deeds, act)[-MAX_DEEDS:])


def archive(job: Job) -> Job:
    """Its files are gone; record and manifest stay."""
    return move(job, ARCHIVED, reason=job.phase_reason, release_due=None)


def _must_hold(job: Job, attempt: int) -> None:
    if job.phase != EXECUTING or job.attempt != attempt:
        raise StaleAttempt(f"Attempt {attempt} on job {job.id} no longer counts (now {job.attempt}, {job.phase}).")


def _shown(error: dict[str, str]) -> dict[str, str]:
    """A record is stored, shown and mailed, and `detail` may quote what somebody else said, MAST for one."""
    return {**error, "detail": redacted(error["detail"])} if "detail" in error else error


def _end(job: Job, phase: str, now: datetime, *, reason: str | None = None, **changes: Any) -> Job:
    return move(job, phase, reason=reason, ended=now, lease_until=None, not_before=None, **changes)


_TIMES = frozenset(
    (
        "created", "destruction", "lease_until", "not_before", "started", "ended", "suspended_since", "told",
        "published_at", "warned", "release_due",
    )
)  # fmt: skip


def to_record(job: Job) -> dict[str, Any]:
    """The job as JSON-able data, times as ISO 8601."""
    record = {f.name: getattr(job, f.name) for f in fields(job)}
    return {k: v.isoformat() if k in _TIMES and v else v for k, v in record.items()}


def from_record(record: Mapping[str, Any]) -> Job:
    """The job of a stored record; fields that a later release added are ignored, missing ones get defaults."""
    known = {f.name for f in fields(Job)}
    given: dict[str, Any] = {
        k: datetime.fromisoformat(v) if k in _TIMES and v else v for k, v in record.items() if k in known
    }
    for name in ("notices", "shares", "deeds"):
        given[name] = tuple(given.get(name, ()))
    given["owed_at_end"] = None if given.get("owed_at_end") is None else tuple(given["owed_at_end"])
    return Job(**given)
