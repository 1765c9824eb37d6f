"""The records in Redis against one another, and against the tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.store.census import Census
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import Slices
from topmast_service.store.table_check import damage
from topmast_service.workflows.control import manifest_table, products_table, rows_table
from topmast_service.workflows.doctor.finding import Finding

_T = TypeVar("_T")

UNFINISHED = 3600.0
"""Seconds after which a table that is still being written belongs to a dead worker."""


@dataclass(frozen=True)
class Known:
    """The records as they were at one moment."""

    jobs: dict[str, Job]
    unreadable: dict[str, str]

    def __contains__(self, job_id: str) -> bool:
        """Whether there is a record, readable or not."""
        return job_id in self.jobs or job_id in self.unreadable


def records(known: Known, census: Census, store: JobStore) -> Iterator[Finding]:
    """Unreadable ones, and those that are not on their lists, or on lists without a record."""
    for job_id, why in known.unreadable.items():
        yield Finding("record_unreadable", job_id, why)
    for found in known.jobs.values():
        missing = census.unlisted(found)
        if missing and census.exists(found.id):
            where = "not among " + ", ".join(missing)
            yield Finding("job_unlisted", found.id, where, _enlisting(census, store, found.id))
    for job_id in sorted(census.noted()):
        if job_id not in known and not census.exists(job_id):
            yield Finding("job_gone", job_id, mend=_doing(store.forget_id, job_id))


def work(known: Known, census: Census, slices: Slices) -> Iterator[Finding]:
    """Files on the work list whose job is over."""
    for job_id in sorted(census.working()):
        found = known.jobs.get(job_id)
        if found is None and job_id not in known and not census.exists(job_id):
            yield Finding("work_of_dead_job", job_id, "no record", _doing(slices.forget_removed, job_id))
        elif found is not None and found.final:
            yield Finding("work_of_dead_job", job_id, found.phase, _doing(slices.forget, found))


def tables(known: Known, census: Census, folder: Path, thorough: bool) -> Iterator[Finding]:
    """Every table that a record promises, and every table that no record promises."""
    for found in known.jobs.values():
        for path in expected(found, folder):
            if not path.exists():
                if census.exists(found.id):
                    yield Finding("table_missing", path.name, f"of {found.id}, {found.phase}")
            elif (why := damage(path, thorough)) and path.exists():
                yield Finding("table_unreadable", path.name, why)
    for path in sorted([*folder.glob("*.sqlite"), *folder.glob("*.sky.png")]):
        job_id = path.name.partition(".")[0]
        if job_id not in known and not census.exists(job_id):
            yield Finding("table_unrecorded", path.name, mend=_removing(path))
    for path in sorted(folder.glob(".*.writing*")):
        if time.time() - path.stat().st_mtime > UNFINISHED:
            yield Finding("table_unfinished", path.name, mend=_removing(path))


def expected(found: Job, folder: Path) -> list[Path]:
    """The tables that a job in its present phase must have."""
    if found.kind == "search":
        has_rows = found.phase == job.COMPLETED and not found.result.get("counted_only")
        return [rows_table(folder, found.id)] if has_rows else []
    manifest = [manifest_table(folder, found.id, found.revision)] if found.revision is not None else []
    products = found.published or (not found.final and found.step in {"transfer", "publish"})
    return manifest + ([products_table(folder, found.id)] if products else [])


def _enlisting(census: Census, store: JobStore, job_id: str) -> Callable[[], bool]:
    def enlist() -> bool:
        census.enlist(store.get(job_id))
        return True

    return enlist


def _doing(act: Callable[[_T], object], what: _T) -> Callable[[], bool]:
    def do() -> bool:
        act(what)
        return True

    return do


def _removing(path: Path) -> Callable[[], bool]:
    return _doing(lambda gone: gone.unlink(missing_ok=True), path)
