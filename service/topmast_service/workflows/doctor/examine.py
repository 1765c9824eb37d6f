"""One examination: every check, a second look at what it found, and, if wanted, the repairs.

A service that runs is never still: a bundle is published between the look at its record and the look at the disk, a
deleted job goes in three steps. So whatever is found is looked for again after a pause, and only what is found both
times is told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topmast_service import __version__
from topmast_service.staging.audit import Audit
from topmast_service.staging.disk import Limits
from topmast_service.staging.tree import Trees
from topmast_service.store.census import Census
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.jobs import JobStore
from topmast_service.store.slices import Slices
from topmast_service.workflows.doctor import cache_checks, record_checks, site_checks
from topmast_service.workflows.doctor.finding import NOTE, Finding
from topmast_service.workflows.doctor.mending import Mending
from topmast_service.workflows.doctor.record_checks import Known
from topmast_service.workflows.doctor.tree_checks import TreeChecks
from topmast_service.workflows.eviction import Eviction

log = logging.getLogger(__name__)

SECOND_LOOK = 3.0
"""Seconds: longer than a round of upkeep, which clears away what ended jobs leave."""

Check = Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class Report:
    """What was found, which of it was repaired, and whether everything could be looked at."""

    findings: list[Finding]
    repaired: list[Finding]
    complete: bool
    redis_version: str

    @property
    def status(self) -> int:
        """Exit status: 0 all is well, 1 something is left to be done, 2 not everything could be looked at."""
        left = [f for f in self.findings if f not in self.repaired and f.kind.severity != NOTE]
        return 2 if not self.complete else 1 if left else 0

    def lines(self) -> Iterator[str]:
        """For a person: each finding, what its kind means and what repair does, told once per kind."""
        told: set[str] = set()
        for found in self.findings:
            kind, done = found.kind, "  (repaired)" if found in self.repaired else ""
            yield f"{kind.severity:8}{found.code}  {found.subject}{f': {found.detail}' * bool(found.detail)}{done}"
            if found.code not in told:
                yield f"          {kind.means}" + (f" --repair {kind.repair}." if kind.repair else "")
            told.add(found.code)
        left = len(self.findings) - len(self.repaired)
        yield (
            f"topmast {__version__}: {left} findings left, {len(self.repaired)} repaired"
            if self.findings
            else "All is well."
        )

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "version": __version__,
            "redis_version": self.redis_version,
            "complete": self.complete,
            "findings": [found.document(found in self.repaired) for found in self.findings],
        }


@dataclass(frozen=True)
class Doctor:
    """Knows where everything is; `eviction` is asked what live jobs want."""

    data: Path
    stage: Path
    tables: Path
    census: Census
    jobs: JobStore
    slices: Slices
    trees: Trees
    audit: Audit
    limits: Limits
    eviction: Eviction
    mending: Mending

    def examine(
        self, *, deep: bool = False, repair: bool = False, pause: Callable[[float], object] = time.sleep
    ) -> Report:
        """Look at everything; `deep` also reads every byte, `repair` does what is safe."""
        reachable = self.census.reachable()
        first = {name: _made(name, check) for name, check in self._checks(deep, reachable).items()}
        doubtful = [name for name, found in first.items() if found]
        if doubtful:
            pause(SECOND_LOOK)
        checks = self._checks(deep, reachable) if doubtful else {}
        seen = {_key(finding) for found in first.values() for finding in found}
        again = (finding for name in doubtful if name in checks for finding in _made(name, checks[name]))
        findings = [finding for finding in again if _key(finding) in seen]
        repaired = [finding for finding in findings if repair and _mended(finding)]
        if reachable:
            complete = not any(finding.code == "check_failed" for finding in findings)
            return Report(findings, repaired, complete, self.census.durability().version)
        return Report([Finding("redis_unreachable", "Redis"), *findings], repaired, False, "")

    def _checks(self, deep: bool, reachable: bool) -> dict[str, Check]:
        """The checks that can be made, with the records as they are now."""
        checks: dict[str, Check] = {
            "permissions": lambda: site_checks.permissions(self.data, self.stage),
            "room": lambda: cache_checks.room(self.audit, self.data, self.limits),
            "blobs": lambda: cache_checks.blobs(self.audit),
        }
        if deep:
            checks["hashes"] = lambda: cache_checks.hashes(self.audit)
        return checks | self._of_records(deep) if reachable else checks

    def _of_records(self, deep: bool) -> dict[str, Check]:
        known = Known(*self.census.jobs())
        trees = TreeChecks(known, self.census, self.trees, self.stage, self.tables, self.mending, deep)
        checks: dict[str, Check] = {
            "redis": lambda: site_checks.redis(self.census.durability()),
            "parts": lambda: cache_checks.parts(self.audit, self.eviction.asked_by_live()),
            "records": lambda: record_checks.records(known, self.census, self.jobs),
            "work": lambda: record_checks.work(known, self.census, self.slices),
        }
        # Without a single record everything on disk would look like nobody's, and be removed by a repair.
        if not known.jobs and not known.unreadable and (lost := self._files_of_jobs()):
            return checks | {"lost": lambda: [Finding("records_lost", str(self.data), f"{lost} tables and folders")]}
        return checks | {
            "tables": lambda: record_checks.tables(known, self.census, self.tables, deep),
            "bundles": trees.bundles,
            "unrecorded": trees.unrecorded,
        }

    def _files_of_jobs(self) -> int:
        return len([*self.tables.glob("*.sqlite"), *self.stage.glob("[!.]*/*")])


def _key(finding: Finding) -> tuple[str, str]:
    return finding.code, finding.subject


def _made(name: str, check: Check) -> list[Finding]:
    """What a check finds; that one of them fails must not hide what the others find."""
    try:
        return list(check())
    except UNAVAILABLE:
        raise
    except Exception as error:
        log.exception("the check of %s failed", name)
        return [Finding("check_failed", name, type(error).__name__)]


def _mended(finding: Finding) -> bool:
    try:
        return finding.mend is not None and finding.mend()
    except UNAVAILABLE:
        raise
    except Exception:
        log.exception("%s %s could not be repaired", finding.code, finding.subject)
        return False
