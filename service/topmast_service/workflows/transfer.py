"""Moving the files: one thread takes slices of work until there are none.

A slice is at most a few files of one job, under a lease; its files are fetched one after the other, so the number of
live slices is the number of connections to MAST, and capping the one caps the other for the whole installation.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from topmast_service.archive.transfer import Downloads
from topmast_service.errors import (
    DiskFull,
    MissingOnServer,
    TopmastError,
    TransferFailed,
    UnknownJob,
    UpstreamDown,
    UpstreamError,
)
from topmast_service.staging.cache import Cache
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import Slice, Slices
from topmast_service.store.tables import Table
from topmast_service.workflows import result
from topmast_service.workflows.attempt import Terms, suspend
from topmast_service.workflows.bundle import Bundles
from topmast_service.workflows.control import products_table
from topmast_service.workflows.fetch import Fetched, Stopped, fetch

log = logging.getLogger(__name__)

TRIES = 6
"""A file that MAST refuses to give whole is put back so often, with growing pauses, before it is called failed."""

LONGEST_PAUSE = 60.0
SLICE_SECONDS = 5.0
"""After so long the rest of a slice goes back, so that other jobs get their turn."""


@dataclass(frozen=True)
class Transfers:
    """What one transfer worker does, in as many threads as it likes."""

    jobs: JobStore
    slices: Slices
    cache: Cache
    downloads: Downloads
    folder: Path
    terms: Terms
    max_age: timedelta
    bundles: Bundles
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Take slices until nothing is due, or the process is told to stop."""
        while not self.stopping.is_set() and (piece := self.slices.next()):
            try:
                with self._held(piece) as lost:
                    self._move(piece, lost)
            finally:
                self.slices.close(piece)
            self._tell(piece.job_id)

    def _tell(self, job_id: str) -> None:
        try:
            self.bundles.advance(job_id)
        except UnknownJob:
            self.slices.forget(job_id)

    def _move(self, piece: Slice, lost: threading.Event) -> None:
        table = Table(products_table(self.folder, piece.job_id))
        until = time.monotonic() + SLICE_SECONDS
        rows = {f"{r['_row']}": r for r in table.rows(f"_row IN ({','.join(m.split(':')[0] for m in piece.members)})")}
        for member in piece.members:
            if lost.is_set() or self.stopping.is_set() or time.monotonic() > until:
                return
            self._one(piece, member, rows[member.split(":")[0]], lost)

    def _one(self, piece: Slice, member: str, row: dict[str, Any], lost: threading.Event) -> None:
        before = self.cache.newest(row["dataURI"])
        try:
            fetched = self._fetch(row, lost)
        except Stopped:
            return
        except (UpstreamDown, TransferFailed, DiskFull) as error:
            self._again_or_fail(piece, member, error)
        except MissingOnServer as error:
            gone = result.withdrawn(before) if before else result.refused(error, row)
            self.slices.settle(piece, member, gone)
        except TopmastError as error:
            self.slices.settle(piece, member, result.refused(error, row))
        else:
            self.slices.settle(piece, member, result.got(fetched.version, fetched.source, before))

    def _fetch(self, row: dict[str, Any], lost: threading.Event) -> Fetched:
        return fetch(
            row["dataURI"],
            cache=self.cache,
            downloads=self.downloads,
            max_age=self.max_age,
            now=self.jobs.now,
            stop=lambda: lost.is_set() or self.stopping.is_set(),
            on_bytes=lambda _: None,
            expected_size=row["size"],
        )

    def _again_or_fail(self, piece: Slice, member: str, error: TopmastError) -> None:
        """Put the file back with a growing pause; a MAST that is away altogether uses up no tries."""
        away = isinstance(error, UpstreamDown | DiskFull) and not isinstance(error, UpstreamError)
        tried = self.slices.tried(piece, member)
        if not away and tried >= TRIES:
            self.slices.settle(piece, member, result.failed(error))
            return
        self.slices.postpone(piece, member, max(error.retry_after or 0, min(2.0**tried, LONGEST_PAUSE)), not away)
        if away:
            suspend(self.jobs, piece.job_id, error, self.terms)

    @contextmanager
    def _held(self, piece: Slice) -> Iterator[threading.Event]:
        """The slice's lease renewed while its files move; the event says that it is no longer ours (or aborted)."""
        done, lost = threading.Event(), threading.Event()
        thread = threading.Thread(target=self._beat, args=(piece, done, lost), daemon=True, name=f"slice-{piece.id}")
        thread.start()
        try:
            yield lost
        finally:
            done.set()
            thread.join()

    def _beat(self, piece: Slice, done: threading.Event, lost: threading.Event) -> None:
        while not done.wait(1.0):
            try:
                if not self.slices.renew(piece):
                    lost.set()
                    return
            except UNAVAILABLE:
                log.warning("cannot renew slice %s: Redis is away", piece.id)
