"""A bundle, from the request to what users see: resolve and select, let the files be moved, publish.

Each step can be entered again at any time and does what is left. A failed file does not fail the bundle.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topmast_service import __version__
from topmast_service.domain import job, manifest
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import BoxFacts
from topmast_service.errors import TopmastError
from topmast_service.staging.cache import Cache
from topmast_service.staging.manifest_files import write_manifest
from topmast_service.staging.tree import BlobsGone, Entry, Trees
from topmast_service.store import tables
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import Slices
from topmast_service.store.tables import Table
from topmast_service.workflows.attempt import Attempt, Terms, work
from topmast_service.workflows.control import manifest_table, products_table
from topmast_service.workflows.fetch import fresh
from topmast_service.workflows.report import MANIFEST, SELECTED, Rows, version_of
from topmast_service.workflows.result import Result, failed, got

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from topmast_service.workflows.plan import Planner  # loads astroquery, which only the query worker needs


@dataclass(frozen=True)
class Bundles:
    """Carries bundles from step to step; `wake` tells the workers which comes next."""

    jobs: JobStore
    slices: Slices
    cache: Cache
    trees: Trees
    folder: Path
    terms: Terms
    max_age: timedelta
    wake: Callable[[Job], None]

    def resolve(self, job_id: str, planner: Planner) -> None:
        """Steps 1-3: the product table, then its files onto the work list."""
        work(self.jobs, job_id, "resolve", self.terms, lambda attempt: self._resolve(attempt, planner))

    def publish(self, job_id: str) -> None:
        """Step 5: the next revision, built aside and shown at once."""
        work(self.jobs, job_id, "publish", self.terms, self._publish)

    def advance(self, job_id: str) -> None:
        """After files were settled: tell the progress, and go on to publish when the last one is done."""
        drained = self.slices.drained(job_id)
        counts = self.slices.counts(job_id)

        def change(latest: Job) -> Job:
            told = job.tell(latest, _progress(latest.progress, counts), self.jobs.now(), drained)
            return job.leave_transfer(told) if drained and told.step == "transfer" and not told.final else told

        moved = self.jobs.change(job_id, change)
        if moved.step == "publish" and moved.phase == job.QUEUED:
            self.wake(moved)

    def give_up(self, job_id: str, error: TopmastError) -> None:
        """MAST stayed away: what is still missing has failed, and the rest is published."""
        self.slices.give_up(job_id, failed(error))
        self.advance(job_id)

    def _resolve(self, attempt: Attempt, planner: Planner) -> None:
        self.slices.forget(attempt.job.id)  # an attempt that died may have queued rows of another table
        plan = planner.plan(attempt)
        attempt.check()
        files, missing = self._queue(attempt.job.id)
        known = {"files_total": files, "bytes_total": plan["bytes"]["total"]}
        progress = _progress(known, self.slices.counts(attempt.job.id))
        if missing:
            self.wake(attempt.change(lambda j, n: job.await_files(j, n, result=plan, progress=progress)))
            return
        queued = attempt.change(lambda j, n: job.hand_over(j, n, "publish", result=plan, progress=progress))
        self.wake(queued)

    def _queue(self, job_id: str) -> tuple[int, int]:
        """What the cache holds fresh is settled in bulk; the rest goes onto the work list. Returns (all, the rest)."""
        table, now = Table(products_table(self.folder, job_id)), self.jobs.now()
        cached: dict[int, Result] = {}
        missing: list[tuple[int, int]] = []
        for row in table.rows(SELECTED):
            version = fresh(self.cache, row["dataURI"], self.max_age, now)
            if version is None:
                missing.append((row["_row"], row["size"] or 0))
            else:
                cached[row["_row"]] = got(version, "cached")
        for some in _chunks(cached, 1000):
            self.slices.settle_at_once(job_id, some)
        self.slices.fill(job_id, missing)
        return len(cached) + len(missing), len(missing)

    def _publish(self, attempt: Attempt) -> None:
        running = attempt.job
        revision = (running.revision or 0) + 1
        results = self.slices.results(running.id)
        rows = Rows(Table(products_table(self.folder, running.id)), results, self.jobs.now())
        counted = manifest.totals(rows)
        tables.write(manifest_table(self.folder, running.id, revision), MANIFEST, map(asdict, rows))
        facts = self._facts(running, revision, counted)
        attempt.check()
        try:
            self._build(running, revision, facts, rows)
        except BlobsGone as error:
            # Somebody emptied the cache under us. From the start: whatever is still cached costs nothing.
            log.warning("%s begins again: %s", running.id, error)
            self.wake(attempt.change(lambda j, n: job.hand_over(j, n, job.FIRST_STEP[j.kind])))
        else:
            self._finish(attempt, revision, counted)

    def _build(self, running: Job, revision: int, facts: BoxFacts, rows: Rows) -> None:
        self.trees.build(
            running.owner,
            running.id,
            revision,
            (Entry(row.path, version_of(result)) for row, result in rows.delivered()),
            cache=self.cache,
            write_extras=lambda folder: write_manifest(folder, facts, rows),
        )

    def _finish(self, attempt: Attempt, revision: int, counted: dict[str, int]) -> None:
        running, now = attempt.job, self.jobs.now()
        fetched = counted["bytes"] - counted["cached_bytes"]
        result = running.result | {
            "counts": running.result["counts"] | {k: counted[k] for k in ("ok", "cached", "fetched", "failed")},
            "bytes": {"total": counted["bytes"], "fetched": fetched, "cached": counted["cached_bytes"]},
        }
        outcome = "empty" if not counted["requested"] else "partial" if counted["failed"] else "complete"
        keep = running.destruction - running.created

        def change(latest: Job, number: int) -> Job:
            done = job.finish(latest, number, now, outcome, revision=revision, result=result)
            return job.keep_until(done, now + keep)

        attempt.change(change)
        self.slices.forget(running.id)

    def _facts(self, running: Job, revision: int, counted: dict[str, int]) -> BoxFacts:
        return BoxFacts(
            job_id=running.id,
            revision=revision,
            owner=running.owner,
            label=running.label or "",
            created=_day(self.jobs.now()),
            expires=_day(self.jobs.now() + (running.destruction - running.created)),
            request=running.request,
            counts=running.result["counts"] | counted,
            version=__version__,
        )


def _progress(known: dict[str, Any], counts: dict[str, int]) -> dict[str, Any]:
    """The numbers a progress bar needs; files and bytes settled so far, cached ones apart."""
    failed = counts.get("FAILED", 0) + counts.get("WITHHELD", 0)
    return {
        "files_total": known["files_total"],
        "files_done": counts.get("OK", 0) + failed,
        "files_cached": counts.get("cached", 0),
        "files_failed": failed,
        "bytes_total": known["bytes_total"],
        "bytes_done": counts.get("bytes", 0),
    }


def _chunks(items: dict[int, Result], size: int) -> Iterator[dict[int, Result]]:
    rows = list(items)
    for start in range(0, len(rows), size):
        yield {row: items[row] for row in rows[start : start + size]}


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
