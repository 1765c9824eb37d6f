"""Telling people: which notices of a job are due, and that each is told.

The notices a job owes stand in its record (an outbox), so that they are never forgotten. Only upkeep's single slot
delivers. The Maildir gets each exactly once; SMTP at least once, with a fixed Message-ID (repeated only if killed
between the server's 250 and our record).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from email.message import EmailMessage
from pathlib import Path

from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK, ManifestRow
from topmast_service.notify import compose
from topmast_service.notify.compose import Endpoints
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table
from topmast_service.workflows.submit import ACKNOWLEDGE

MOST_FAILURES = 21
"""One more than a mail shows, so that it can say that there are more."""


@dataclass(frozen=True)
class Notices:
    """Delivers what jobs owe; `deliver` puts one message on its way or raises."""

    jobs: JobStore
    folder: Path
    endpoints: Endpoints
    deliver: Callable[[EmailMessage], None]

    def tell(self, told: Job) -> None:
        """Deliver what is due of one job; what is delivered is struck off its record."""
        for notice in told.notices:
            event, _, address = notice.partition(" ")
            if event == ACKNOWLEDGE:
                self.deliver(compose.acknowledged(told, self.endpoints, address))
            elif not told.final:
                continue
            elif told.phase != job.ABORTED:
                self.deliver(compose.ready(told, self.endpoints, address, self._failures(told)))
            self.jobs.change(told.id, lambda latest, done=notice: _without(latest, done))  # type: ignore[misc]

    def _failures(self, told: Job) -> list[ManifestRow]:
        if told.revision is None:
            return []
        table = Table(manifest_table(self.folder, told.id, told.revision))
        names = {f.name for f in fields(ManifestRow)}
        found: list[ManifestRow] = []
        for row in table.rows("status <> ?", OK):
            found.append(ManifestRow(**{k: v for k, v in row.items() if k in names}))
            if len(found) == MOST_FAILURES:
                break
        return found


def _without(latest: Job, notice: str) -> Job:
    return replace(latest, notices=tuple(n for n in latest.notices if n != notice))
