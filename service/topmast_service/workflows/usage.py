"""Who has how much: by user from the records, by program from the manifests of what is staged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from topmast_service.domain.filename import LENGTH, program_of
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK
from topmast_service.errors import Expired
from topmast_service.store.census import Census
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table

OTHER = "other"


@dataclass
class OfUser:
    """What one user has."""

    user: str
    jobs: int = 0
    open_jobs: int = 0
    bundles: int = 0
    files: int = 0
    staged_bytes: int = 0

    def add(self, job: Job) -> None:
        """One more job."""
        self.jobs += 1
        self.open_jobs += not job.final
        if job.kind == "bundle" and job.published:
            self.bundles += 1
            self.files += int(job.result.get("counts", {}).get("ok", 0))
            self.staged_bytes += int(job.result.get("bytes", {}).get("total", 0))


@dataclass
class OfProgram:
    """What of one program is staged."""

    program: str
    bundles: int = 0
    files: int = 0
    staged_bytes: int = 0


@dataclass(frozen=True)
class Usage:
    """Reads everything anew each time: for operators, not for every request."""

    census: Census
    tables: Path

    def by(self, what: str) -> list[OfUser] | list[OfProgram]:
        """By ``user`` or ``program``, the largest first."""
        return self.by_user() if what == "user" else self.by_program()

    def by_user(self) -> list[OfUser]:
        """Every owner of a record."""
        found: dict[str, OfUser] = {}
        for job in self._jobs().values():
            found.setdefault(job.owner, OfUser(job.owner)).add(job)
        return sorted(found.values(), key=lambda one: (-one.staged_bytes, one.user))

    def by_program(self) -> list[OfProgram]:
        """Every program that has a file in a staged bundle."""
        found: dict[str, OfProgram] = {}
        for job in self._jobs().values():
            if job.kind == "bundle" and job.published:
                for program, (files, size) in self._programs(job):
                    one = found.setdefault(program, OfProgram(program))
                    one.bundles, one.files, one.staged_bytes = (
                        one.bundles + 1,
                        one.files + files,
                        one.staged_bytes + size,
                    )
        return sorted(found.values(), key=lambda one: (-one.staged_bytes, one.program))

    def _programs(self, bundle: Job) -> Iterator[tuple[str, tuple[int, int]]]:
        sums: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        try:
            table = Table(manifest_table(self.tables, bundle.id, bundle.revision or 0))
            for start, files, size in table.sums_by_start("productFilename", LENGTH, "size", "status = ?", OK):
                before = sums[program_of(start) or OTHER]
                sums[program_of(start) or OTHER] = before[0] + files, before[1] + size
        except Expired:
            return
        yield from sums.items()

    def _jobs(self) -> Mapping[str, Job]:
        return self.census.jobs()[0]
