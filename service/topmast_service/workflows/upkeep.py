"""Looking after everything: the one mechanism of recovery.

Workers may be killed and messages lost at any moment; every few seconds this goes over what is open and sends, takes
back, tells, ends or removes what nobody else will. Each part is harmless to repeat.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from structlog.contextvars import bind_contextvars, bound_contextvars

from topmast_service.domain import job, keeping
from topmast_service.domain.job import Job
from topmast_service.errors import DiskFull, TopmastError, UnknownJob, UpstreamDown
from topmast_service.staging.tree import Trees
from topmast_service.store.audit import AuditLog
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import Slices
from topmast_service.store.tokens import Tokens
from topmast_service.workflows.archiving import REMOVING, Archiving, begun
from topmast_service.workflows.attempt import Terms, belonging, end_in_error
from topmast_service.workflows.baskets import Baskets
from topmast_service.workflows.bundle import Bundles
from topmast_service.workflows.columns import Reminder
from topmast_service.workflows.control import tables_of
from topmast_service.workflows.eviction import Eviction
from topmast_service.workflows.notices import Notices
from topmast_service.workflows.token_care import TokenCare

log = logging.getLogger(__name__)

UNCLAIMED = timedelta(seconds=10)
"""A wake-up call not answered for so long is sent again, and then once a minute."""

ORPHAN_AGE = timedelta(hours=1)

RELEASE_AGAIN = timedelta(minutes=10)
"""A call to ask MAST about exclusive files that nothing came of is sent again after so long."""


@dataclass(frozen=True)
class Upkeep:
    """One round goes over all open jobs; the costs grow with what is open, not with what was ever done."""

    jobs: JobStore
    slices: Slices
    trees: Trees
    folder: Path
    terms: Terms
    bundles: Bundles
    notices: Notices
    eviction: Eviction
    tokens: Tokens
    baskets: Baskets
    columns: Reminder
    token_care: TokenCare
    wake: Callable[[Job], None]
    look_for_releases: Callable[[str], None]
    audit: AuditLog

    def round(self) -> None:
        """Once over everything; a job that cannot be looked after does not keep the others from it."""
        now = self.jobs.now()
        self.jobs.born()
        # While Redis was away nobody could renew a lease: each has a whole one from when it came back.
        patient = self.jobs.uptime() < self.terms.lease
        if not patient:
            self.slices.expire()
        for job_id in self.jobs.due_for_warning(now):
            self._safely(job_id, lambda found: self._warn(found, now))
        for job_id in sorted(self.jobs.open_ids()):
            self._safely(job_id, lambda found: self._look_after(found, now, patient))
        for job_id in self.jobs.due_for_release(now):
            if self.jobs.once(f"release:{job_id}", RELEASE_AGAIN):
                self.look_for_releases(job_id)
        for job_id in self.jobs.due_for_destruction(now):
            self._safely(job_id, lambda found: self._destroy(found, now))
        if self.jobs.once("orphans", ORPHAN_AGE):
            self.trees.remove_orphans(self._is_current, now - ORPHAN_AGE)
        self.eviction.round()
        self.baskets.sweep()
        self.columns.round()
        self.token_care.round()
        self._keep_audit()

    def _keep_audit(self) -> None:
        """A disk that is full keeps the log in Redis, and nothing else from being done."""
        try:
            self.audit.keep()
        except OSError:
            log.exception("the audit log cannot be moved to its files")

    def _safely(self, job_id: str, look: Callable[[Job], None]) -> None:
        with bound_contextvars(job=job_id, user="", request_id="", task="upkeep"):
            self._looked(job_id, look)

    def _looked(self, job_id: str, look: Callable[[Job], None]) -> None:
        try:
            found = self.jobs.get(job_id)
            bind_contextvars(**belonging(found))
            look(found)
        except UnknownJob:
            self.jobs.forget_id(job_id)
        except TopmastError as error:
            log.warning("upkeep of %s: %s", job_id, error)
        except OSError:
            log.exception("upkeep of %s", job_id)

    def _warn(self, found: Job, now: datetime) -> None:
        """The warning is owed from here on, which puts the job back among those that are looked after."""
        self.jobs.change(found.id, lambda latest: keeping.warn(latest, now))

    def _look_after(self, found: Job, now: datetime, patient: bool) -> None:
        self.notices.tell(found)
        if found.final:
            self._close(found)
        elif found.phase == job.SUSPENDED and now - (found.suspended_since or now) > self.terms.patience:
            self._give_up(found)
        elif found.step == "transfer" and found.phase in {job.EXECUTING, job.SUSPENDED}:
            self._look_after_transfer(found)
        elif found.phase == job.HELD:
            self._look_after_held(found)
        elif self._unattended(found, now, patient) and self.jobs.once(
            f"woken:{found.id}:{found.version}", timedelta(minutes=1)
        ):
            self.wake(self.jobs.change(found.id, _ready))

    def _close(self, found: Job) -> None:
        """Tidy after what has ended; whoever is still to be told keeps it open."""
        self.slices.forget(found)
        if not self.jobs.get(found.id).notices:
            self.eviction.note(found)
            self.jobs.close(found.id)

    def _give_up(self, found: Job) -> None:
        error: TopmastError = UpstreamDown(f"MAST stayed away longer than {self.terms.patience}.")
        if found.phase_reason == DiskFull.code:
            error = DiskFull(f"There was no room for longer than {self.terms.patience}.")
        if found.step == "transfer":
            self.bundles.give_up(found.id, error)
        else:
            end_in_error(self.jobs, found.id, error, lambda latest: latest.version == found.version)

    def _look_after_transfer(self, found: Job) -> None:
        self.slices.release(found.id)  # likewise for whoever let it go on
        self.bundles.advance(found.id)
        due = self.slices.due_in()
        if due is not None and due <= 0:
            self.wake(found)

    def _look_after_held(self, found: Job) -> None:
        if found.phase_reason == job.NEEDS_TOKEN and self.tokens.usable(found.owner):
            going = self.jobs.change(found.id, _with_token)
            self.slices.release(found.id)
            self.wake(going)
        else:
            self.slices.hold(found.id)  # whoever held it may have died before it came to this

    def _unattended(self, found: Job, now: datetime, patient: bool) -> bool:
        if found.phase in {job.PENDING, job.QUEUED}:
            return now - found.created > UNCLAIMED
        if found.phase == job.SUSPENDED:
            return found.not_before is None or now >= found.not_before
        return (
            not patient and found.phase == job.EXECUTING and found.lease_until is not None and now >= found.lease_until
        )

    def _destroy(self, found: Job, now: datetime) -> None:
        """Retention is over: the files go, the record and the manifest stay a while.

        The record first: its user may be retrying it just now, and then it is not over. What a killed upkeep left is
        removed by the next round, for the job stays due until everything is gone.
        """
        if not found.final:
            return
        if found.phase == job.ARCHIVED and found.step != REMOVING:
            self._forget(found)
            return
        over = self.jobs.change(found.id, lambda latest: _over(latest, now))
        if over.phase == job.ARCHIVED:
            Archiving(self.jobs, self.trees, self.folder).finish(over, now)

    def _forget(self, found: Job) -> None:
        for table in tables_of(self.folder, found.id):
            table.unlink(missing_ok=True)
        self.jobs.remove(found)

    def _is_current(self, user: str, job_id: str, revision: int) -> bool:
        try:
            found = self.jobs.get(job_id)
        except UnknownJob:
            # Records may have been lost (a wrong Redis, an empty one): what was built before they began is left alone.
            return self._built(user, job_id, revision) < self.jobs.born()
        return found.owner == user and (found.revision == revision or not found.final)

    def _built(self, user: str, job_id: str, revision: int) -> datetime:
        return datetime.fromtimestamp(self.trees.path(user, job_id, revision).stat().st_mtime, UTC)


def _over(latest: Job, now: datetime) -> Job:
    """Archived, its files still to be removed; as it is when it was retried, prolonged, or nobody was warned yet."""
    over = latest.final and latest.phase != job.ARCHIVED and latest.destruction <= now
    if not over or keeping.warning_due(latest):
        return latest
    return begun(latest)


def _ready(found: Job) -> Job:
    """A job whose submission was cut short between the record and the queue."""
    if found.phase != job.PENDING:
        return found
    return job.queue(found, job.FIRST_STEP[found.kind])


def _with_token(found: Job) -> Job:
    """Its owner has stored a token; they may have let it go on, or stopped it, meanwhile."""
    return job.run(found) if found.phase_reason == job.NEEDS_TOKEN else found
