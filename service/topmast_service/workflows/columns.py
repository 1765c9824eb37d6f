"""Keeping up with MAST's columns: asked once a day, and never in anybody's way.

Searches and the API go on with what is known, shipped or told earlier, whatever becomes of this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from topmast_service.domain import metadata
from topmast_service.domain.metadata import DICTIONARY, SOURCES, Answer, Metadata
from topmast_service.errors import TopmastError, UpstreamError
from topmast_service.store.columns import ColumnBook, Edition
from topmast_service.store.jobs import JobStore

if TYPE_CHECKING:
    from topmast_service.archive.columns import Descriptions

log = logging.getLogger(__name__)

AGE = timedelta(days=1)
"""How old what MAST said may be before it is asked again."""

AGAIN = timedelta(hours=1)
"""How long after a refresh that failed, or was lost, another is tried."""


@dataclass(frozen=True)
class Refreshed:
    """What came of a refresh: why a source did not answer, by its name, and what was new, in words."""

    failed: dict[str, str]
    changes: list[str]


@dataclass(frozen=True)
class Heard:
    """How much is known of one source: columns, or keywords; `as_of` is None where all of them are shipped."""

    source: str
    entries: int
    as_of: datetime | None
    age: timedelta | None

    def __str__(self) -> str:
        since = f"{self.as_of:%Y-%m-%dT%H:%MZ}, {self.age} old" if self.as_of else "shipped"
        return f"{self.source:12} {self.entries:5}  {since}"


@dataclass(frozen=True)
class Refresh:
    """Asks the sources and keeps what they said."""

    book: ColumnBook
    open_descriptions: Callable[[], Descriptions]
    now: Callable[[], datetime]

    def run(self, *, everything: bool = False) -> Refreshed:
        """Ask MAST what is due, or everything. What a source does not answer stays as it was; nothing is raised."""
        before, now = self.book.edition().known, self.now()
        known, done = dict(before), Refreshed({}, [])
        with closing(self.open_descriptions()) as mast:
            for source in SOURCES:
                if everything or metadata.is_due(known.get(source), now, AGE.total_seconds()):
                    self._ask(mast, source, known, done)
        if known != before:
            self._keep(known, done)
        for line in (*done.changes, *(f"{source} was not refreshed: {why}" for source, why in done.failed.items())):
            log.info("%s", line)
        return done

    def known(self) -> list[Heard]:
        """What is known now, source by source."""
        edition, now = self.book.edition(), self.now().replace(microsecond=0)
        return [self._heard(edition, source, now) for source in SOURCES]

    def _heard(self, edition: Edition, source: str, now: datetime) -> Heard:
        number = len(metadata.columns_of(source, edition.known) or metadata.told_of(edition.known, source))
        as_of = when.replace(microsecond=0) if (when := edition.heard(source)) else None
        return Heard(source, number, as_of, now - as_of if as_of else None)

    def _ask(self, mast: Descriptions, source: str, known: dict[str, Answer], done: Refreshed) -> None:
        """One source; a Portal that is away is not asked about the others, each of which would take its time."""
        if source != DICTIONARY and done.failed.get("Portal"):
            return
        try:
            told = mast.of(source)
        except UpstreamError as error:
            done.failed[source] = error.detail
        except TopmastError as error:
            done.failed[source if source == DICTIONARY else "Portal"] = error.detail
        else:
            done.changes.extend(metadata.changes(source, known, told))
            known[source] = metadata.renewed(known.get(source), told, self.now())

    def _keep(self, known: Metadata, done: Refreshed) -> None:
        try:
            self.book.keep(known)
        except OSError as error:
            done.failed["columns.json"] = f"it could not be written ({error.strerror})."


@dataclass(frozen=True)
class Reminder:
    """Upkeep's part: calls for a refresh when one is due."""

    book: ColumnBook
    jobs: JobStore
    call: Callable[[], None]

    def round(self) -> None:
        """Call for a refresh if some source was not heard of for a day, at most once an hour."""
        known, now = self.book.edition().known, self.jobs.now()
        due = any(metadata.is_due(known.get(source), now, AGE.total_seconds()) for source in SOURCES)
        if due and self.jobs.once("columns", AGAIN):
            self.call()
