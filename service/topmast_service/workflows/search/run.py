"""A search, from the request to a table of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from topmast_service.archive.portal import Portal
from topmast_service.domain import job, search
from topmast_service.domain.columns import Column
from topmast_service.domain.job import Job
from topmast_service.domain.rows import Question
from topmast_service.domain.search import FormOf, Search
from topmast_service.errors import UpstreamDown
from topmast_service.store import tables
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.workflows.attempt import Attempt, Terms, work
from topmast_service.workflows.baskets import Baskets
from topmast_service.workflows.control import rows_table
from topmast_service.workflows.search import hints, products
from topmast_service.workflows.search.asking import Asking, Found, Upstream
from topmast_service.workflows.search.collections import COLLECTIONS
from topmast_service.workflows.search.earlier import Earlier

CHECK_EVERY = 2000
"""Rows between two looks at whether the search is still wanted."""


@dataclass(frozen=True)
class Searches:
    """Runs searches of every collection; `earlier` has the answers to what was asked before.

    What is found for a basket is put into it last, before the search is finished: a worker that is killed in between
    leaves a search that is run again, and a basket that takes the same search in once.
    """

    jobs: JobStore
    upstream: Upstream
    form_of: FormOf
    folder: Path
    terms: Terms
    earlier: Earlier
    baskets: Baskets

    def run(self, job_id: str) -> None:
        """Ask MAST, write the table, complete the job."""
        work(self.jobs, job_id, "search", self.terms, self._run)

    def _run(self, attempt: Attempt) -> None:
        request, now = attempt.job.request, self.jobs.now()
        wanted = products.read(request) or search.read(request, self.form_of)
        if known := self.earlier.fresh_enough(attempt.job, wanted, now):
            self._finish(attempt, known)
            self.earlier.remember(attempt.job, wanted, datetime.fromisoformat(known["as_of"]))
            return
        try:
            result = self._asked(attempt, wanted, now)
        except UpstreamDown:
            self.earlier.offer(attempt, wanted)
            raise
        if basket_id := request.get("basket"):
            result["notes"] += self._put_in(attempt, basket_id)
        self._finish(attempt, result)
        self.earlier.remember(attempt.job, wanted, now)

    def _put_in(self, attempt: Attempt, basket_id: str) -> list[str]:
        """Put the files that were found into a basket; returns what is to be said of it."""
        attempt.check()  # a successor may have done so, and the user changed the basket since
        found = Table(rows_table(self.folder, attempt.job.id)).every(Question())
        put = self.baskets.add(attempt.job.owner, basket_id, attempt.job.id, found, named=False)
        barred = f"; {put.barred} of them cannot be staged" if put.barred else ""
        return [f"{put.count} files were put into the basket{barred}."]

    def _asked(self, attempt: Attempt, wanted: Search, now: datetime) -> dict[str, Any]:
        with closing(self.upstream.open_portal()) as portal:
            asking = Asking(
                attempt.job.owner, wanted, attempt.job.request, portal, self.upstream, self.folder, now,
                attempt.check, list(wanted.notes),
            )  # fmt: skip
            asking.upstream = replace(self.upstream, open_portal=lambda: self._telling(asking))
            portal.tell_truncated = asking.truncate
            result = self._counted(asking) if wanted.count_only else self._found(attempt, asking)
            if not result["count"] and wanted.form is not products.FORM:
                found = hints.of_nothing(asking)
                asking.notes += hints.told(asking, found)
                result["hints"] = [asdict(hint) for hint in found]
        return result | {"notes": asking.notes, "truncated": asking.truncated is not None}

    def _telling(self, asking: Asking) -> Portal:
        """One more conversation for this search."""
        portal = self.upstream.open_portal()
        portal.tell_truncated = asking.truncate
        return portal

    def _counted(self, asking: Asking) -> dict[str, Any]:
        collection = COLLECTIONS[asking.search.form.name]
        if collection.count is not None:
            number = collection.count(asking)
        else:
            number = sum(1 for _ in collection.find(asking).rows)
        return self._told(asking, number, None, [])

    def _found(self, attempt: Attempt, asking: Asking) -> dict[str, Any]:
        found = COLLECTIONS[asking.search.form.name].find(asking)
        rows = _watched(attempt, found.rows)
        number = tables.write(rows_table(self.folder, attempt.job.id), found.columns, rows)
        return self._told(asking, number, found, found.columns)

    def _told(self, asking: Asking, count: int, found: Found | None, columns: Iterable[Column]) -> dict[str, Any]:
        return {
            "count": count,
            "counted_only": found is None,
            "columns": [{k: v for k, v in asdict(c).items() if k != "many"} for c in columns],
            "resolved": None,
            "api": found.api if found else None,
            "as_of": asking.now.isoformat(),
            "truncated_because": asking.truncated,
            **asking.facts,
            **(found.facts if found else {}),
        }

    def _finish(self, attempt: Attempt, result: dict[str, Any]) -> None:
        now = self.jobs.now()
        outcome = "complete" if result["count"] else "empty"
        progress = {"rows": result["count"]}

        def change(latest: Job, number: int) -> Job:
            return job.finish(latest, number, now, outcome, result=result, progress=progress)

        attempt.change(change)


def _watched(attempt: Attempt, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for number, row in enumerate(rows):
        if number % CHECK_EVERY == 0:
            attempt.check()
        yield row
