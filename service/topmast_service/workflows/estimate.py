"""What a bundle would cost, before any byte moves: how much is here already, how long the rest would take.

The time is told as a range, from what bundles of this installation took lately: a single number would be a promise.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from topmast_service.domain import access
from topmast_service.domain.job import Job
from topmast_service.staging.cache import Cache
from topmast_service.staging.disk import disk_of, floor_of
from topmast_service.staging.version import Version
from topmast_service.store.jobs import JobStore
from topmast_service.store.rates import Rate, Rates
from topmast_service.store.tables import Table
from topmast_service.workflows.fetch import fresh
from topmast_service.workflows.quotas import QuotaKeeper
from topmast_service.workflows.report import SELECTED
from topmast_service.workflows.rights import Rights

MOST_RELEASES = 100
"""Release dates that a plan keeps; programs have a few."""


@dataclass
class _Sum:
    files: int = 0
    bytes: int = 0

    def add(self, size: int | None) -> None:
        self.files += 1
        self.bytes += size or 0


@dataclass(frozen=True)
class Estimates:
    """Estimates from what the cache has, the disk of `folder` leaves, and earlier bundles took."""

    jobs: JobStore
    rates: Rates
    cache: Cache
    folder: Path
    keep_free: int
    max_age: timedelta
    rights: Rights
    quotas: QuotaKeeper

    def of(self, table: Table, planned: Job) -> dict[str, Any]:
        """``{"cached", "to_fetch", "exclusive", "seconds", "disk", "quota"}`` of what is selected."""
        now = self.jobs.now()
        here, to_come = _Sum(), _Sum()
        exclusive: defaultdict[str, _Sum] = defaultdict(_Sum)
        unknown = 0
        for row in table.rows(SELECTED):
            version = self._here(planned.owner, row["dataURI"], now)
            size = version.size if version else row["size"]
            unknown += size is None
            (here if version else to_come).add(size)
            if not version and access.of_row(row, now) == access.EXCLUSIVE:
                exclusive[_release(row)].add(size)
        told = sorted(exclusive.items())[:MOST_RELEASES]
        return {
            "cached": vars(here),
            "to_fetch": vars(to_come),
            "size_unknown": unknown,
            "exclusive": [{"release": release or None, **vars(found)} for release, found in told],
            "seconds": self._seconds(to_come),
            "disk": self._disk(to_come.bytes),
            "quota": self.quotas.of_plan(planned.owner, here.bytes + to_come.bytes),
        }

    def _here(self, owner: str, uri: str, now: datetime) -> Version | None:
        """What the cache has for this user; MAST is not asked."""
        version = fresh(self.cache, uri, self.max_age, now, proven=True)
        return version if version and self.rights.may_take(owner, uri, version) else None

    def note(self, ended: Job, size: int, files: int, now: datetime) -> None:
        """Remember what a bundle took that has just been published."""
        if ended.started:
            self.rates.note(Rate(size, files, max((now - ended.started).total_seconds(), 0.1)))

    def _seconds(self, to_come: _Sum) -> dict[str, float] | None:
        """From the best to the worst of the latest bundles, by bytes and by files; None where none is known."""
        known = self.rates.latest()
        if not known:
            return None
        taken = sorted(max(to_come.bytes / r.bytes, to_come.files / r.files) * r.seconds for r in known)
        return {"earliest": round(taken[len(taken) // 10], 1), "latest": round(taken[-1 - len(taken) // 10], 1)}

    def _disk(self, needed: int) -> dict[str, Any]:
        disk = disk_of(self.folder)
        free = max(0, disk.free - floor_of(disk, self.keep_free))
        return {"needed": needed, "free": free, "fits": needed <= free}


def _release(row: dict[str, Any]) -> str:
    released = access.release(row)
    return f"{released:%Y-%m-%d}" if released else ""
