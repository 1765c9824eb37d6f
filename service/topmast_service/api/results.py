"""What of a job may be shown now: its result, or the error that says why not."""

from __future__ import annotations

from pathlib import Path

from topmast_service.container import Api
from topmast_service.domain.job import ARCHIVED, COMPLETED, Job
from topmast_service.errors import Expired, NoResult, NotReady, UnknownJob
from topmast_service.store.tables import Table
from topmast_service.store.users import User
from topmast_service.workflows.control import manifest_table, rows_table


def one(api: Api, user: User, job_id: str, kind: str) -> Job:
    """The user's job of this kind, else `UnknownJob`."""
    found = api.control.get(user, job_id)
    if found.kind != kind:
        raise UnknownJob(f"There is no {kind} {job_id}.")
    return found


def rows(api: Api, search: Job) -> Table:
    """The rows of a search.

    Raises
    ------
    NotReady, NoResult, Expired
        There are none yet, never, or no longer.
    """
    _ended_well(search)
    return Table(rows_table(api.stores.settings.tables, search.id))


def manifest(api: Api, bundle: Job) -> Table:
    """The manifest of a bundle's current revision; it outlives the files.

    Raises
    ------
    NotReady, NoResult, Expired
        There is none yet, never, or no longer.
    """
    return Table(manifest_table(api.stores.settings.tables, bundle.id, revision(bundle)))


def box(api: Api, bundle: Job) -> Path:
    """The folder of a bundle's current revision.

    Raises
    ------
    NotReady, NoResult, Expired
        There is none yet, never, or no longer.
    """
    found = api.stores.trees.path(bundle.owner, bundle.id, revision(bundle))
    if bundle.phase == ARCHIVED or not found.is_dir():
        raise Expired(f"The files of bundle {bundle.id} are gone.")
    return found


def revision(bundle: Job) -> int:
    """The current revision.

    Raises
    ------
    NotReady, NoResult
        There is none yet, or never will be.
    """
    if bundle.revision is not None:
        return bundle.revision
    _ended_well(bundle)
    raise NoResult(f"Bundle {bundle.id} has no files.")


def _ended_well(job: Job) -> None:
    if not job.final:
        raise NotReady(f"Job {job.id} is {job.phase}.", retry_after=2)
    if job.phase not in {COMPLETED, ARCHIVED} or not job.result:
        raise NoResult(f"Job {job.id} ended as {job.phase}.")
