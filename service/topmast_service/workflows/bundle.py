"""A bundle, from the request to what users see: resolve and select, let the files be moved, publish.

Each step can be entered again at any time and does what is left. A failed file does not fail the bundle.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topmast_service.domain import access, job, layout, manifest, progress, releasing
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK, WITHHELD, BoxFacts
from topmast_service.domain.notices import HOOK_NOTE
from topmast_service.errors import Busy, NeedsMastToken, TopmastError, UnknownBasket
from topmast_service.staging.cache import Cache
from topmast_service.staging.manifest_files import write_manifest
from topmast_service.staging.tree import BlobsGone, Entry, Trees
from topmast_service.store import tables
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import Slices
from topmast_service.store.tables import Table
from topmast_service.workflows import box
from topmast_service.workflows.attempt import Attempt, Terms, moving_files, work
from topmast_service.workflows.baskets import Baskets
from topmast_service.workflows.control import manifest_table, products_table
from topmast_service.workflows.estimate import Estimates
from topmast_service.workflows.fetch import fresh
from topmast_service.workflows.quotas import QuotaKeeper
from topmast_service.workflows.report import MANIFEST, SELECTED, Excluded, Rows, Written, version_of
from topmast_service.workflows.result import NOT_TO_BE_HAD, Result, failed, got, kept, unconfirmed
from topmast_service.workflows.rights import Rights
from topmast_service.workflows.versions import MIXED, UNCONFIRMED_NOTE, mixed, unconfirmed_of

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from topmast_service.workflows.planning.planner import (
        Planner,  # loads astroquery, which only the query worker needs
    )


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
    estimates: Estimates
    baskets: Baskets
    rights: Rights
    quotas: QuotaKeeper

    def resolve(self, job_id: str, planner: Planner) -> None:
        """Steps 1-3: the product table, then its files onto the work list."""
        work(self.jobs, job_id, "resolve", self.terms, lambda attempt: self._resolve(attempt, planner))

    def again(self, job_id: str, first: Callable[[Job], None] = lambda _: None) -> None:
        """For a retry: what the revision before delivered is kept as it is, and the failed files tried anew.

        `first` is done before that: reading release dates again, where somebody can.
        """
        work(self.jobs, job_id, "again", self.terms, lambda attempt: self._again(attempt, first))

    def publish(self, job_id: str) -> None:
        """Step 5: the next revision, built aside and shown at once."""
        work(self.jobs, job_id, "publish", self.terms, self._publish)

    def advance(self, job_id: str) -> None:
        """After files were settled: tell the progress, and go on to publish when the last one is done.

        What the work list says counts for the attempt that was seen before: a later one may have filled it anew.
        """
        seen = self.jobs.get(job_id)
        drained = self.slices.drained(job_id)
        counts, now = self.slices.counts(job_id), self.jobs.now()

        def change(latest: Job) -> Job:
            if not moving_files(latest) or (seen.step, seen.attempt) != (latest.step, latest.attempt):
                return latest
            told = job.tell(latest, progress.after(latest.progress, counts, latest.told, now), now, drained)
            return job.leave_transfer(told) if drained else told

        moved = self.jobs.change(job_id, change)
        if moved.step == "publish" and moved.phase == job.QUEUED:
            self.wake(moved)

    def begin_anew(self, job_id: str) -> None:
        """The product table is gone or damaged while files move: from the start; what is cached costs nothing."""

        def change(latest: Job) -> Job:
            return job.leave_transfer(latest, job.FIRST_STEP[latest.kind]) if moving_files(latest) else latest

        log.warning("%s begins anew: its product table cannot be read", job_id)
        self.slices.hold(job_id)  # nobody takes its files until `resolve` has forgotten them
        self.wake(self.jobs.change(job_id, change))

    def give_up(self, job_id: str, error: TopmastError) -> None:
        """MAST stayed away: what is still missing has failed, and the rest is published."""
        self.slices.give_up(job_id, failed(error))
        self.advance(job_id)

    def _resolve(self, attempt: Attempt, planner: Planner) -> None:
        self.slices.forget(attempt.job)  # an attempt that died may have queued rows of another table
        plan = planner.plan(attempt)
        attempt.check()
        now = self.jobs.now()
        if attempt.job.kind == "plan":
            self._finish_plan(attempt, plan)
        else:
            self._reserve(attempt, plan)
            self._move(attempt, plan, lambda uri: self._fresh(attempt.job.owner, uri, now))

    def _reserve(self, attempt: Attempt, plan: dict[str, Any]) -> None:
        """Does it fit into what its owner may have staged? From here on it counts.

        Asked before any byte moves, and once more before anything is staged: nobody tells the size of a file that a
        request named, and the catalogue's is a hint.
        """
        with self.quotas.room_for(attempt.job, plan["bytes"]["total"]):
            now, told = self.jobs.now(), attempt.job.progress
            attempt.change(lambda latest, number: job.report(latest, number, now, told, plan))

    def _finish_plan(self, attempt: Attempt, plan: dict[str, Any]) -> None:
        """A dry run ends here, with what the bundle would cost."""
        table = Table(products_table(self.folder, attempt.job.id))
        result = plan | {"plan": self.estimates.of(table, attempt.job)}
        outcome, now = "complete" if plan["counts"]["selected"] else "empty", self.jobs.now()
        attempt.change(lambda latest, number: job.finish(latest, number, now, outcome, result=result))

    def _fresh(self, owner: str, uri: str, now: datetime) -> Result | None:
        """What is in the cache for everybody, or for this user, whom MAST has lately shown to be on the program."""
        version = fresh(self.cache, uri, self.max_age, now, proven=True)
        # what may not be taken yet is asked about by whoever fetches it
        return got(version, "cached") if version and self.rights.may_take(owner, uri, version) else None

    def _again(self, attempt: Attempt, first: Callable[[Job], None]) -> None:
        running = attempt.job
        first(running)
        self.slices.forget(running)
        before = Table(manifest_table(self.folder, running.id, running.revision or 0))
        delivered = {row["dataURI"]: (row["sha256"], row["reason"]) for row in before.rows("status = ?", OK)}
        owner = running.owner
        self._move(attempt, running.result, lambda uri: self._kept(owner, uri, *delivered.get(uri, ("", ""))))

    def _kept(self, owner: str, uri: str, sha256: str, reason: str) -> Result | None:
        """The very version that the revision before delivered, if the cache still has it, and its owner may still."""
        versions = (v for v in self.cache.versions(uri) if v.sha256 == sha256)
        version = next((v for v in versions if self.cache.path(v).exists()), None)
        if version is None or (version.exclusive and not self.rights.proven(owner, uri)):
            return None
        return kept(version, reason, self.cache.newest(uri, proven=version.exclusive))

    def _move(self, attempt: Attempt, plan: dict[str, Any], have: Callable[[str], Result | None]) -> None:
        """What there is already is settled in bulk; the rest goes to the transfer workers, or straight to publish."""
        self._wait_if_all_is_exclusive(attempt)
        files, missing = self._queue(attempt.job, have)
        begun = progress.begin(files, plan["bytes"]["total"], self.slices.counts(attempt.job.id))
        now = self.jobs.now()
        if missing:
            self.wake(attempt.change(lambda j, n: job.await_files(j, n, result=plan, progress=begun, told=now)))
        else:
            self.wake(attempt.change(lambda j, n: job.hand_over(j, n, "publish", result=plan, progress=begun)))

    def _wait_if_all_is_exclusive(self, attempt: Attempt) -> None:
        """Where nothing can be delivered without a MAST token, and none is stored, the bundle waits for one.

        Where something can, it is delivered, and the rest has its release dates in the manifest.
        """
        running, now = attempt.job, self.jobs.now()
        waived = running.without_token or releasing.wanted(running)
        if waived or self.rights.tokens.facts(running.owner) is not None:
            return
        selected = Table(products_table(self.folder, running.id), now)
        if selected.tells_access and set(selected.distinct("access", SELECTED)) == {access.EXCLUSIVE}:
            raise NeedsMastToken("All that is selected is in exclusive access, and you have stored no MAST token.")

    def _queue(self, running: Job, have: Callable[[str], Result | None]) -> tuple[int, int]:
        """Settle what there is already, queue the rest; returns how many files in all, and of the rest."""
        table = Table(products_table(self.folder, running.id))
        cached: dict[int, Result] = {}
        missing: list[tuple[int, int]] = []
        for row in table.rows(SELECTED):
            result = have(row["dataURI"])
            if result is None:
                missing.append((row["_row"], row["size"] or 0))
            else:
                cached[row["_row"]] = result
        for some in _chunks(cached, 1000):
            self.slices.settle_at_once(running, some)
        self.slices.fill(running, missing)
        return len(cached) + len(missing), len(missing)

    def _publish(self, attempt: Attempt) -> None:
        running = attempt.job
        revision = attempt.change(job.begin_revision).begun
        table = Table(products_table(self.folder, running.id))
        results = self._with_last_copies(running.owner, table, self.slices.results(running.id))
        asked = box.asked(running, self.jobs)
        rows = Rows(table, results, self.jobs.now(), named=asked.named)
        counted = manifest.totals(rows)
        self._reserve(attempt, running.result | {"bytes": {"total": counted["bytes"]}})
        tables.write(manifest_table(self.folder, running.id, revision), MANIFEST, map(vars, rows))
        result = self._result(running, revision, counted) | {"asked": asked.told}
        facts = self._facts(running, revision, result)
        attempt.check()
        try:
            self._build(running, revision, facts, rows)
        except BlobsGone as error:
            # Somebody emptied the cache under us. From the start: whatever is still cached costs nothing.
            log.warning("%s begins again: %s", running.id, error)
            self.wake(attempt.change(lambda j, n: job.hand_over(j, n, job.FIRST_STEP[j.kind])))
        else:
            self._strike_off(running, revision)
            self._finish(attempt, revision, counted, result)

    def _strike_off(self, running: Job, revision: int) -> None:
        """What was delivered leaves the basket it was in, if its user wished so; a repeat finds nothing to remove."""
        if not running.request.get("remove_completed"):
            return
        table = Table(manifest_table(self.folder, running.id, revision))
        delivered = (row["dataURI"] for row in table.rows("status = ?", OK))
        try:
            self.baskets.remove(running.owner, running.request["from"]["basket"], delivered)
        except (UnknownBasket, Busy) as error:  # a bundle does not fail for it
            log.warning("%s leaves its basket as it is: %s", running.id, error)

    def _with_last_copies(self, owner: str, table: Table, results: dict[int, Result]) -> dict[int, Result]:
        """Files that MAST would not give now, but gave before: the last copy is delivered, and its row says so."""
        lost = {row for row, result in results.items() if result.get("code") in NOT_TO_BE_HAD}
        for row in table.rows(SELECTED) if lost else ():
            if row["_row"] not in lost:
                continue
            uri = row["dataURI"]
            if last := self.cache.newest(uri, proven=self.rights.shown(owner, uri)):
                results[row["_row"]] = unconfirmed(last)
        return results

    def _build(self, running: Job, revision: int, facts: BoxFacts, rows: Rows) -> None:
        written = Written(Table(manifest_table(self.folder, running.id, revision)))
        excluded = Excluded(products_table(self.folder, running.id))
        self.trees.build(
            running.owner,
            running.id,
            revision,
            (Entry(row.path, version_of(result)) for row, result in rows.delivered()),
            cache=self.cache,
            write_extras=lambda folder: write_manifest(folder, facts, written, excluded),
            writable=layout.writable(running.request.get("layout")),
        )

    def _result(self, running: Job, revision: int, counted: dict[str, int]) -> dict[str, Any]:
        """What the record will say of this revision."""
        fetched = counted["bytes"] - counted["cached_bytes"]
        delivered = Table(manifest_table(self.folder, running.id, revision))
        return running.result | {
            "notes": [*_of_the_plan(running), *mixed(delivered), *unconfirmed_of(delivered)],
            "counts": running.result["counts"] | {k: counted[k] for k in ("ok", "cached", "fetched", "failed")},
            "bytes": {"total": counted["bytes"], "fetched": fetched, "cached": counted["cached_bytes"]},
        }

    def _facts(self, running: Job, revision: int, result: dict[str, Any]) -> BoxFacts:
        now = self.jobs.now()
        keep = timedelta(days=running.retention_days)
        return box.facts(running, revision, result, made=now, expires=now + keep, tables=self.folder)

    def _finish(self, attempt: Attempt, revision: int, counted: dict[str, int], result: dict[str, Any]) -> None:
        running, now = attempt.job, self.jobs.now()
        wanted = counted["ok"] + counted["failed"]
        outcome = "empty" if not wanted else "partial" if counted["failed"] else "complete"
        told = running.progress | {"files_failed": counted["failed"]}
        keep = timedelta(days=running.retention_days)
        guarded = Table(manifest_table(self.folder, running.id, revision)).rows("access <> ?", access.PUBLIC)
        due = releasing.next_look(running, (row for row in guarded if row["status"] in {OK, WITHHELD}), now)

        def change(latest: Job, number: int) -> Job:
            shown = {"revision": revision, "published_at": now, "release_due": due}
            done = job.finish(latest, number, now, outcome, result=result, progress=told, **shown)
            return job.keep_for(done, keep, now)

        self.slices.forget(attempt.change(change))
        if fetched := result["bytes"]["fetched"]:
            self.estimates.note(running, fetched, counted["fetched"], now)


def _of_the_plan(running: Job) -> list[str]:
    """What was noted while selecting; notes on delivered files belong to each revision anew."""
    notes = running.result.get("notes", [])
    return [note for note in notes if not note.startswith((MIXED, UNCONFIRMED_NOTE, HOOK_NOTE))]


def _chunks(items: dict[int, Result], size: int) -> Iterator[dict[int, Result]]:
    rows = list(items)
    for start in range(0, len(rows), size):
        yield {row: items[row] for row in rows[start : start + size]}
