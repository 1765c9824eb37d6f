"""Telling people: which notices of a job are due, and that each is told.

The notices a job owes stand in its record (an outbox), so that they are never forgotten. Only upkeep's single slot
delivers. The Maildir gets each exactly once; SMTP at least once, with a fixed Message-ID (repeated only if killed
between the server's 250 and our record).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import EXCLUDED, OK, ManifestRow
from topmast_service.domain.notices import ACKNOWLEDGE, EXPIRING, HOOK, READY
from topmast_service.notify import compose
from topmast_service.notify.compose import Endpoints
from topmast_service.notify.smtp import MailDelayed, MailRefused
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table
from topmast_service.workflows.hooks import Hooks

log = logging.getLogger(__name__)

RETRY = timedelta(minutes=1)
"""Pause between two tries to hand one mail over."""

MOST_FAILURES = 21
"""One more than a mail shows, so that it can say that there are more."""


@dataclass(frozen=True)
class Notices:
    """Delivers what jobs owe; `deliver` puts one message on its way or raises, `hooks` run beside this."""

    jobs: JobStore
    folder: Path
    endpoints: Endpoints
    deliver: Callable[[EmailMessage], None]
    hooks: Hooks

    def tell(self, told: Job) -> None:
        """Deliver what is due of one job; what is delivered is struck off its record."""
        for notice in told.notices:
            event, _, address = notice.partition(" ")
            if event in {READY, HOOK} and not told.final:
                continue
            if event == HOOK:
                self.hooks.call(told, notice)
                continue
            if not _pointless(told, event) and not self._handed_over(told, event, address):
                continue
            self.jobs.change(told.id, lambda latest, done=notice: _without(latest, told, done))  # type: ignore[misc]

    def _handed_over(self, told: Job, event: str, address: str) -> bool:
        """Whether nothing is left to try: sent, or refused for good. A server that is away is asked each minute."""
        gate = f"mail:{told.id}:{event}:{address}"
        if not self.jobs.once(gate, RETRY):
            return False
        try:
            self.deliver(self._message(told, event, address))
        except MailDelayed as error:
            log.warning("%s of %s is not sent yet: %s", event, told.id, error)
            return False
        except MailRefused as error:
            log.error("%s of %s will never be sent: %s", event, told.id, error)
        return True

    def _message(self, told: Job, event: str, address: str) -> EmailMessage:
        if event == ACKNOWLEDGE:
            return compose.acknowledged(told, self.endpoints, address)
        if event == EXPIRING:
            return compose.expiring(told, self.endpoints, address)
        return compose.ready(told, self.endpoints, address, self._failures(told))

    def _failures(self, told: Job) -> list[ManifestRow]:
        if told.revision is None:
            return []
        table = Table(manifest_table(self.folder, told.id, told.revision))
        names = {f.name for f in fields(ManifestRow)}
        found: list[ManifestRow] = []
        for row in table.rows("status NOT IN (?, ?)", OK, EXCLUDED):
            found.append(ManifestRow(**{k: v for k, v in row.items() if k in names}))
            if len(found) == MOST_FAILURES:
                break
        return found


def _pointless(told: Job, event: str) -> bool:
    """Whether there is nothing left to tell: it was aborted, or its files are gone, or stay after all."""
    if event == EXPIRING:
        return not told.published or told.warned != told.destruction
    return told.phase == job.ABORTED


def _without(latest: Job, told: Job, notice: str) -> Job:
    """The record without a notice that was told; a retry that came meanwhile owes its user the next revision's."""
    if notice.startswith(READY) and latest.ended != told.ended:
        return latest
    if notice.startswith(EXPIRING) and latest.warned != told.warned:
        return latest
    return replace(latest, notices=tuple(n for n in latest.notices if n != notice))
