"""What a user may do to a job of theirs: look, list, hold, run, retry, abort, delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from topmast_service.domain import job, notices
from topmast_service.domain.job import Job
from topmast_service.domain.notices import ACKNOWLEDGE, without
from topmast_service.errors import IllegalMove, UnknownJob
from topmast_service.staging.tree import Trees
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import Slices
from topmast_service.store.users import User
from topmast_service.workflows.quotas import QuotaKeeper


@dataclass(frozen=True)
class Control:
    """Acts on jobs for their owner; another's job does not exist. An `act` has an id when it may be repeated."""

    jobs: JobStore
    slices: Slices
    trees: Trees
    tables: Path
    wake: Callable[[Job], None]
    quotas: QuotaKeeper

    def get(self, user: User, job_id: str) -> Job:
        """The job, if it is the user's; else `UnknownJob`."""
        return self._own(user, self.jobs.get(job_id))

    def shown(self, user: User, job_id: str) -> Job:
        """The job, if it is the user's or shared with them; else `UnknownJob`."""
        found = self.jobs.get(job_id)
        return found if user.name in found.shares else self._own(user, found)

    def wait(self, user: User, job_id: str, since: int | None, seconds: float) -> Job:
        """The job once its version is past `since` (or it is final), at the latest after `seconds`."""
        self.get(user, job_id)
        return self._own(user, self.jobs.wait(job_id, since, seconds))

    def ahead_of(self, found: Job) -> int | None:
        """How many jobs come before one that waits for a worker; None when it does not."""
        return self.jobs.ahead_of(found) if found.phase == job.QUEUED else None

    def list(self, user: User, before: tuple[float, str] | None = None) -> Iterator[Job]:
        """The user's jobs, newest first, from behind a position (see `store.jobs.position`)."""
        return self.jobs.of(user.name, before=before)

    def abort(self, user: User, job_id: str, act: str | None = None) -> Job:
        """Stop it; a job that is final stays as it is. Workers notice at the next file or heartbeat."""
        self.get(user, job_id)
        aborted = self.jobs.change(job_id, lambda found: job.once(found, act, self._aborted))
        if aborted.final:  # a repeated act may find the job going on again
            self.slices.forget(aborted)
        return aborted

    def delete(self, user: User, job_id: str) -> None:
        """Abort it and remove results and record (UWS: destroy)."""
        aborted = self.abort(user, job_id)
        self.trees.remove(aborted.owner, job_id)
        for table in tables_of(self.tables, job_id):
            table.unlink(missing_ok=True)
        self.jobs.remove(aborted)

    def hold(self, user: User, job_id: str, act: str | None = None) -> Job:
        """Pause it; what is under way goes back to where it waits. One that is held stays so.

        Raises
        ------
        IllegalMove
            It has ended, or was not even queued.
        """
        self.get(user, job_id)
        held = self.jobs.change(job_id, lambda found: job.once(found, act, _held))
        if held.phase == job.HELD:
            self.slices.hold(job_id)
        return held

    def run(self, user: User, job_id: str, act: str | None = None) -> Job:
        """Let a held job go on; one that is not held is left as it is."""
        before = self.get(user, job_id)
        going = self.jobs.change(job_id, lambda found: job.once(found, act, _going))
        if before.phase != job.HELD or going.phase == job.HELD:
            return going
        if going.step == "transfer":
            self.slices.release(job_id)
        self.wake(going)
        return going

    def retry(self, user: User, job_id: str, everything: bool, act: str | None = None) -> Job:
        """The next revision: failed files only, or `everything` listed anew (what was reprocessed comes new).

        Raises
        ------
        IllegalMove
            It has not ended, is not a bundle, or its files are gone for good.
        OverQuota
            As many of the user's jobs as may be are open.
        """
        found = self.get(user, job_id)
        if found.kind != "bundle" or found.phase == job.ARCHIVED:
            raise IllegalMove(f"{job_id} is no bundle that can be retried.", hint="Submit its request again.")
        step = "resolve" if everything or found.revision is None else "again"
        owed = found.owed_at_end
        if owed is None:
            owed = without(notices.of_request(found.request, user.email), ACKNOWLEDGE)
        if act in found.deeds:
            return found
        with self.quotas.place_for(found):
            again = self.jobs.change(
                job_id, lambda late: job.once(late, act, lambda ended: job.retry(ended, step, owed))
            )
        self.wake(again)
        return again

    def _aborted(self, running: Job) -> Job:
        return running if running.final else job.abort(running, self.jobs.now())

    @staticmethod
    def _own(user: User, found: Job) -> Job:
        if found.owner != user.name:
            raise UnknownJob(f"There is no job {found.id}.")
        return found


def _held(found: Job) -> Job:
    return found if found.phase == job.HELD else job.hold(found)


def _going(found: Job) -> Job:
    return job.run(found, waive=True) if found.phase == job.HELD else found


def rows_table(tables: Path, search_id: str) -> Path:
    """Where the rows of a search are."""
    return tables / f"{search_id}.sqlite"


def stale_table(tables: Path, search_id: str) -> Path:
    """Where an earlier answer is that a search shows while MAST is away."""
    return tables / f"{search_id}.stale.sqlite"


def changes_table(tables: Path, search_id: str, since: str) -> Path:
    """Where it is kept what a search found new, changed or gone since an earlier one; it goes with the search."""
    return tables / f"{search_id}.since.{since}.sqlite"


def products_table(tables: Path, bundle_id: str) -> Path:
    """Where the unique products of a bundle are, selected and excluded."""
    return tables / f"{bundle_id}.products.sqlite"


def manifest_table(tables: Path, bundle_id: str, revision: int) -> Path:
    """Where the manifest rows of a revision are; they outlive the files."""
    return tables / f"{bundle_id}.{revision}.manifest.sqlite"


def tables_of(tables: Path, job_id: str) -> Iterator[Path]:
    """Every table of a job, and every picture drawn of one."""
    yield from tables.glob(f"{job_id}.*sqlite")
    yield from tables.glob(f"{job_id}.*.png")
