"""Room in the cache: the longest unused files go, never one that is pinned or that a live job counts on.

Part of upkeep, so only one process evicts, and in small steps: each round looks at some of the cache's folders and
removes for at most a second. A fetch that meets an eviction finds a miss, never a wrong file.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from topmast_service.domain.job import Job
from topmast_service.errors import Expired, UnknownJob
from topmast_service.staging.disk import Limits
from topmast_service.staging.space import FOLDERS, Space
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import Slices
from topmast_service.store.tables import Table
from topmast_service.store.uses import Uses
from topmast_service.workflows.control import manifest_table, products_table
from topmast_service.workflows.report import SELECTED

log = logging.getLogger(__name__)

FOLDERS_A_ROUND = 16
"""All 256 are looked at within half a minute; a cache of a million files costs 60,000 looks per round."""

SECONDS_A_ROUND = 1.0
REST = 60.0
"""Seconds of pause after a round that found everything in use: the next look would find the same."""

_BATCH = 500


@dataclass
class Eviction:
    """Keeps the cache between its watermarks and the disk's floor free; tidies what transfers left."""

    jobs: JobStore
    slices: Slices
    uses: Uses
    space: Space
    limits: Limits
    folder: Path
    _emptying: bool = field(default=False, init=False)
    _rest_until: float = field(default=0.0, init=False)

    def round(self) -> None:
        """One step of everything."""
        now = self.jobs.now()
        self.survey(FOLDERS_A_ROUND, now)
        excess = self.limits.excess(self.uses.total(), self.space.disk(), self._emptying)
        self._emptying = excess > 0
        if excess and time.monotonic() >= self._rest_until:
            self._evict(excess, now)
        self.tidy(FOLDERS_A_ROUND)
        self.space.drop_parts(self.asked_by_live())

    def note(self, ended: Job) -> None:
        """A bundle has ended: then every file in its manifest was used."""
        if ended.kind != "bundle" or ended.revision is None:
            return
        try:
            rows = Table(manifest_table(self.folder, ended.id, ended.revision)).rows("sha256 <> ''")
            self.uses.note((row["sha256"] for row in rows), ended.ended or self.jobs.now())
        except Expired:
            log.warning("%s has no manifest; the uses of its files are not known", ended.id)

    def survey(self, folders: int, now: datetime) -> None:
        """Count the bytes of the next `folders`; what is new in them counts as used now."""
        sizes = {}
        for number in self.uses.turn(folders, len(FOLDERS)):
            blobs = list(self.space.blobs(FOLDERS[number]))
            sizes[FOLDERS[number]] = sum(blob.size for blob in blobs)
            self.uses.note_unknown((blob.sha256 for blob in blobs), now)
        self.uses.measured(sizes)

    def tidy(self, folders: int) -> None:
        """After an eviction: let the index forget what is gone, some folders a round."""
        taken = self.uses.take_stale(folders)
        busy = [folder for folder in taken if not self.space.tidy_index(folder)]
        if busy:
            self.uses.index_is_stale(busy)

    def asked_by_live(self) -> Callable[[str], bool]:
        """Tells of a dataURI whether some live bundle has selected it."""
        paths = [products_table(self.folder, job.id) for job in self._live()]
        condition = f'"dataURI" = ? AND {SELECTED}'

        def asked(uri: str) -> bool:
            return any(any(True for _ in Table(path).rows(condition, uri)) for path in paths if path.exists())

        return asked

    def _evict(self, excess: int, now: datetime) -> None:
        until, freed, wanted = time.monotonic() + SECONDS_A_ROUND, 0, self.wanted()
        for sha256 in self._candidates(now):
            if freed >= excess or time.monotonic() > until:
                break
            if sha256 not in wanted:
                freed += self.remove(sha256, now)
            else:
                self.uses.note([sha256], now)
        else:
            log.warning("the cache should shrink by %d bytes more, but all that is left is in use", excess - freed)
            self._rest_until = time.monotonic() + REST
        if freed:
            log.info("evicted %d bytes", freed)
            self.uses.index_is_stale(FOLDERS)

    def _candidates(self, now: datetime) -> Iterator[str]:
        """By last use; what is looked at is noted as used now, or forgotten, so that it does not come again."""
        while some := self.uses.longest_unused(now, _BATCH):
            yield from some

    def remove(self, sha256: str, now: datetime) -> int:
        """Let a blob go unless it is pinned; the bytes that are free now. The index is to be tidied afterwards."""
        size = self.space.evict(sha256)
        if size is None:
            self.uses.note([sha256], now)  # pinned: in use
            return 0
        self.uses.forget([sha256])
        self.uses.freed(sha256[:2], size)
        return size

    def wanted(self) -> set[str]:
        """Hashes of what live bundles have settled but not linked yet: without them they would begin again."""
        results = (result for live in self._live() for result in self.slices.results(live.id).values())
        return {result["version"]["sha256"] for result in results if "version" in result}

    def _live(self) -> Iterator[Job]:
        for job_id in self.jobs.open_ids():
            try:
                found = self.jobs.get(job_id)
            except UnknownJob:
                continue
            if found.kind == "bundle" and not found.final:
                yield found
