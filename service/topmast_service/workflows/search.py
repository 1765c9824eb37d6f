"""A search, from the request to a table of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from topmast_service.archive import observations
from topmast_service.archive.observations import Cone
from topmast_service.archive.portal import Portal
from topmast_service.archive.resolve import resolve
from topmast_service.domain import criteria, job, target
from topmast_service.domain.columns import OBSERVATION
from topmast_service.domain.job import Job
from topmast_service.store import tables
from topmast_service.store.jobs import JobStore
from topmast_service.workflows.attempt import Attempt, Terms, work
from topmast_service.workflows.control import rows_table

CHECK_EVERY = 2000
"""Rows between two looks at whether the search is still wanted."""


@dataclass(frozen=True)
class Searches:
    """Runs searches of the ``observations`` collection; `open_portal` gives one conversation with MAST."""

    jobs: JobStore
    open_portal: Callable[[], Portal]
    resolver_url: str
    folder: Path
    terms: Terms

    def run(self, job_id: str) -> None:
        """Ask MAST, write the table, complete the job."""
        work(self.jobs, job_id, "search", self.terms, self._run)

    def _run(self, attempt: Attempt) -> None:
        request = attempt.job.request
        found, notes = criteria.parse(request.get("criteria") or {})
        cone, resolved = self._cone(request.get("target"))
        with closing(self.open_portal()) as portal:
            rows = _watched(attempt, observations.search(portal, cone, found))
            columns = [c for c in OBSERVATION.values() if cone is not None or c.name != "distance"]
            count = tables.write(rows_table(self.folder, attempt.job.id), columns, rows)
        result = {
            "count": count,
            "columns": [{k: v for k, v in asdict(c).items() if k != "many"} for c in columns],
            "notes": notes + _hints(count, cone is not None),
            "resolved": resolved,
            "api": observations.api_of(cone),
            "as_of": self.jobs.now().isoformat(),
            "truncated": False,
        }
        self._finish(attempt, result)

    def _finish(self, attempt: Attempt, result: dict[str, Any]) -> None:
        now = self.jobs.now()
        outcome = "complete" if result["count"] else "empty"
        progress = {"rows": result["count"]}

        def change(latest: Job, number: int) -> Job:
            return job.finish(latest, number, now, outcome, result=result, progress=progress)

        attempt.change(change)

    def _cone(self, text: str | None) -> tuple[Cone | None, dict[str, Any] | None]:
        if text is None:
            return None, None
        wanted = target.parse(text)
        resolved: dict[str, Any] = {"target": text, "radius": wanted.radius, "radius_given": wanted.radius_given}
        if wanted.name is None:
            ra, dec = float(wanted.ra or 0), float(wanted.dec or 0)
            return Cone(ra, dec, wanted.radius), {**resolved, "ra": ra, "dec": dec, "resolver": None}
        at = resolve(self.resolver_url, wanted.name)
        resolved |= {"ra": at.ra, "dec": at.dec, "resolver": at.resolver, "name": at.canonical}
        return Cone(at.ra, at.dec, wanted.radius), resolved


def _watched(attempt: Attempt, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows):
        if number % CHECK_EVERY == 0:
            attempt.check()
        yield row


def _hints(count: int, positional: bool) -> list[str]:
    if count:
        return []
    if positional:
        return ["Nothing lies there: try a larger radius. Moving targets have no position; search them by target_name."]
    return ["Nothing fits: names are matched exactly; put * where they may go on (NGC6720*)."]
