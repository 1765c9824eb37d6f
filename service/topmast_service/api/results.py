"""What of a job may be shown now: its result, or the error that says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from topmast_service.container import Api
from topmast_service.domain.job import ARCHIVED, COMPLETED, ERROR, Job
from topmast_service.errors import Expired, NoResult, NotReady, UnknownJob, UpstreamDown
from topmast_service.store.tables import Table
from topmast_service.store.users import User
from topmast_service.workflows.control import manifest_table, products_table, rows_table, stale_table


def one(api: Api, user: User, job_id: str, *kinds: str) -> Job:
    """The user's job of one of these kinds, else `UnknownJob`."""
    found = api.control.get(user, job_id)
    if found.kind not in kinds:
        raise UnknownJob(f"There is no {kinds[0]} {job_id}.")
    return found


def readable(api: Api, user: User, bundle_id: str, *kinds: str) -> Job:
    """The user's bundle, or one that its owner shares with them, else `UnknownJob`."""
    found = api.control.shown(user, bundle_id)
    if found.kind not in (kinds or {"bundle"}):
        raise UnknownJob(f"There is no bundle {bundle_id}.")
    return found


def rows(api: Api, search: Job) -> Table:
    """The rows of a search that are shown now: its own, or while MAST is away those of an earlier answer.

    Their access is that of now.

    Raises
    ------
    NotReady, NoResult, Expired
        There are none yet, never, or no longer.
    """
    told, folder = facts(search), api.stores.settings.tables
    if told.get("counted_only"):
        raise NoResult(f"Search {search.id} only counted: it has no rows.", hint="Send it again without `count_only`.")
    path = stale_table(folder, search.id) if told["stale"] else rows_table(folder, search.id)
    return Table(path, api.stores.jobs.now())


def facts(search: Job) -> dict[str, Any]:
    """What came of a search, and whether that is `stale`: an earlier answer, shown until MAST gives one again.

    Raises
    ------
    NotReady, NoResult
        Nothing has, yet or ever.
    """
    if earlier := stale(search):
        return {**earlier, "stale": True}
    _ended_well(search)
    return {**search.result, "stale": False}


def stale(search: Job) -> dict[str, Any] | None:
    """The result of an earlier answer, if the search shows that in place of its own."""
    waits = not search.final or (search.phase == ERROR and search.phase_reason == UpstreamDown.code)
    return search.result.get("stale") if waits else None


def manifest(api: Api, bundle: Job) -> Table:
    """The manifest of a bundle's current revision; it outlives the files.

    Raises
    ------
    NotReady, NoResult, Expired
        There is none yet, never, or no longer.
    """
    return Table(manifest_table(api.stores.settings.tables, bundle.id, revision(bundle)))


def products(api: Api, bundle: Job) -> Table:
    """The unique products of a bundle or plan, selected and excluded, with their access as of now.

    Raises
    ------
    NotReady, NoResult, Expired
        There are none yet, never, or no longer.
    """
    if not bundle.result.get("counts"):
        _ended_well(bundle)
    return Table(products_table(api.stores.settings.tables, bundle.id), api.stores.jobs.now())


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


def being_made(bundle: Job) -> bool:
    """Whether its first revision is under way: what has arrived of it can be fetched."""
    return bundle.revision is None and not bundle.final


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
