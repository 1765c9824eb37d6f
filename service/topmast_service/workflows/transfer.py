"""Moving the files: one thread takes slices of work until there are none.

A slice is at most a few files of one job, under a lease; its files are fetched one after the other, so the number of
live slices is the number of connections to MAST, and capping the one caps the other for the whole installation.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from structlog.contextvars import bound_contextvars

from topmast_service.archive.transfer import Downloads
from topmast_service.domain import access
from topmast_service.errors import (
    DiskFull,
    Expired,
    MissingOnServer,
    NeedsMastToken,
    TopmastError,
    TransferFailed,
    UnknownJob,
    UpstreamDown,
    UpstreamError,
)
from topmast_service.staging.cache import Cache
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import Slice, Slices, row_of
from topmast_service.store.tables import Table
from topmast_service.workflows import result
from topmast_service.workflows.attempt import Terms, belonging, suspend, wait_for_token
from topmast_service.workflows.bundle import Bundles
from topmast_service.workflows.control import products_table
from topmast_service.workflows.errand import Errand
from topmast_service.workflows.fetch import Elsewhere, Fetched, Stopped
from topmast_service.workflows.rights import Rights

log = logging.getLogger(__name__)

TRIES = 6
"""A file that MAST refuses to give whole is put back so often, with growing pauses, before it is called failed."""

LONGEST_PAUSE = 60.0
ALONE_PAUSE = 30.0
"""First pause of a file that alone is refused as if MAST were away (503) while MAST answers otherwise; doubled each
time, so that it is given up after half an hour. Such a file once kept its whole bundle waiting for a day."""

ELSEWHERE_PAUSE = 5.0
"""Seconds until a file is looked at again that another worker is fetching: no connection is kept idle for it."""

SLICE_SECONDS = 1.0
"""After so long the rest of a slice goes back, so that other jobs get their turn."""

TELL_SECONDS = 1.0
"""The progress of a job is told so often: with every slice, thousands of small files would write little else."""


@dataclass
class Hands:
    """A slice in a thread's hands: whether it is `lost` to us (aborted, held, taken over), and bytes on their way.

    `owner` is for whom it is fetched.
    `now` is Redis' clock, asked once: what it is needed for is a matter of hours.
    """

    piece: Slice
    owner: str
    now: Callable[[], datetime]
    lost: threading.Event = field(default_factory=threading.Event)
    moving: int = 0

    def moved(self, size: int) -> None:
        """So many bytes more of the file on its way (fewer, when it starts over)."""
        self.moving += size


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
    rights: Rights
    stopping: threading.Event = field(default_factory=threading.Event)
    told: dict[str, float] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Take slices until nothing is due, or the process is told to stop."""
        while not self.stopping.is_set() and (piece := self.slices.next()):
            try:
                with bound_contextvars(**self._belonging(piece.job_id)), self._held(piece) as hands:
                    self._move(hands)
            finally:
                drained = self.slices.close(piece)
            self._tell(piece.job_id, drained)

    def _belonging(self, job_id: str) -> dict[str, str]:
        """What log lines about a slice belong to."""
        try:
            return {**belonging(self.jobs.get(job_id)), "task": "transfer"}
        except UnknownJob:
            return {"job": job_id, "task": "transfer"}

    def _tell(self, job_id: str, drained: bool = False) -> None:
        """Tell how far a job is: at its end at once, before that now and then."""
        now = time.monotonic()
        if not drained and now - self.told.get(job_id, -math.inf) < TELL_SECONDS:
            return
        self.told[job_id] = now
        try:
            self.bundles.advance(job_id)
        except UnknownJob:
            self.slices.forget_removed(job_id)
            drained = True
        if drained:
            self.told.pop(job_id, None)
            self.owners.pop(job_id, None)

    def _move(self, hands: Hands) -> None:
        members, until = hands.piece.members, time.monotonic() + SLICE_SECONDS
        try:
            rows = self._rows(hands.piece)
        except (Expired, KeyError):
            self.bundles.begin_anew(hands.piece.job_id)
            return
        for member in members:
            if self._unwanted(hands) or time.monotonic() > until:
                return
            self._one(hands, member, rows[row_of(member)])

    def _rows(self, piece: Slice) -> dict[int, dict[str, Any]]:
        """The product rows of a slice by their numbers; none is missing (KeyError)."""
        numbers = ",".join(str(row_of(m)) for m in piece.members)
        table = Table(products_table(self.folder, piece.job_id))
        found = {row["_row"]: row for row in table.rows(f"_row IN ({numbers})")}
        return {row_of(m): found[row_of(m)] for m in piece.members}

    def _one(self, hands: Hands, member: str, row: dict[str, Any]) -> None:
        try:
            fetched = self._fetch(hands, row)
        except Stopped:
            return
        except Elsewhere:
            self.slices.postpone(hands.piece, member, ELSEWHERE_PAUSE, counted=False)
        except (UpstreamDown, TransferFailed, DiskFull) as error:
            self._again_or_fail(hands.piece, member, error)
        except NeedsMastToken as error:
            self._wait_for_token(hands, member, row, error)
        except MissingOnServer as error:
            before = self.cache.newest(row["dataURI"], proven=self.rights.shown(hands.owner, row["dataURI"]))
            gone = result.withdrawn(before) if before else result.refused(error, row, hands.now())
            self.slices.settle(hands.piece, member, gone)
        except TopmastError as error:
            self.slices.settle(hands.piece, member, result.refused(error, row, hands.now()))
        else:
            self.slices.settle(hands.piece, member, result.got(fetched.version, fetched.source, fetched.before))

    def _fetch(self, hands: Hands, row: dict[str, Any]) -> Fetched:
        hands.moving = 0
        return Errand(hands.owner, self.rights, self.downloads).fetch(
            row["dataURI"],
            access.of_row(row, hands.now()),
            max_age=self.max_age,
            now=hands.now,
            stop=lambda: self._unwanted(hands),
            on_bytes=hands.moved,
            expected_size=row["size"],
        )

    def _wait_for_token(self, hands: Hands, member: str, row: dict[str, Any], error: NeedsMastToken) -> None:
        """A token that has died stops the job until there is another; one that never was is a reason for this file."""
        if self.rights.tokens.facts(hands.owner) is None:
            self.slices.settle(hands.piece, member, result.refused(error, row, hands.now()))
        elif wait_for_token(self.jobs, hands.piece.job_id, error):
            self.slices.hold(hands.piece.job_id)
        else:  # its owner lets it go on without
            self.slices.settle(hands.piece, member, result.refused(error, row, hands.now()))

    def _unwanted(self, hands: Hands) -> bool:
        return hands.lost.is_set() or self.stopping.is_set()

    def _again_or_fail(self, piece: Slice, member: str, error: TopmastError) -> None:
        """Put the file back with a growing pause; a MAST that is away altogether uses up no tries."""
        down = isinstance(error, UpstreamDown) and not isinstance(error, UpstreamError)
        alone = down and self.downloads.answers()
        away = (down and not alone) or isinstance(error, DiskFull)
        tried = self.slices.tried(piece, member)
        if not away and tried >= TRIES:
            self.slices.settle(piece, member, result.failed(error))
            return
        pause = ALONE_PAUSE * 2.0**tried if alone else min(2.0**tried, LONGEST_PAUSE)
        self.slices.postpone(piece, member, max(error.retry_after or 0, pause), not away)
        if away:
            suspend(self.jobs, piece.job_id, error, self.terms)

    @contextmanager
    def _held(self, piece: Slice) -> Iterator[Hands]:
        """The slice's lease renewed while its files move."""
        done, hands = threading.Event(), Hands(piece, self._owner(piece.job_id), _running_from(self.jobs.now()))
        thread = threading.Thread(
            target=copy_context().run, args=(self._beat, hands, done), daemon=True, name=f"slice-{piece.id}"
        )
        thread.start()
        try:
            yield hands
        finally:
            done.set()
            thread.join()

    def _owner(self, job_id: str) -> str:
        """Nobody, where the job is gone: its slice is not wanted. Asked once, for a record may take 50 ms to read."""
        if job_id not in self.owners:
            try:
                self.owners[job_id] = self.jobs.get(job_id).owner
            except UnknownJob:
                return ""
        return self.owners[job_id]

    def _beat(self, hands: Hands, done: threading.Event) -> None:
        while not done.wait(1.0):
            try:
                if not self.slices.renew(hands.piece, hands.moving):
                    hands.lost.set()
                    return
                self._tell(hands.piece.job_id)
            except UNAVAILABLE:
                log.warning("cannot renew slice %s: Redis is away", hands.piece.id)


def _running_from(moment: datetime) -> Callable[[], datetime]:
    begun = time.monotonic()
    return lambda: moment + timedelta(seconds=time.monotonic() - begun)
