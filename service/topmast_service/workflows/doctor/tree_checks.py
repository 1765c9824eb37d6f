"""The staged trees against the records and their manifests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from stat import S_IMODE
from typing import Any

from topmast_service.domain import layout
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK
from topmast_service.staging.durable import digest_of
from topmast_service.staging.manifest_files import PAGES, pages_of
from topmast_service.staging.tree import Trees
from topmast_service.store.census import Census
from topmast_service.store.table_check import damage
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table
from topmast_service.workflows.doctor.finding import Finding
from topmast_service.workflows.doctor.mending import Mending
from topmast_service.workflows.doctor.record_checks import Known


@dataclass(frozen=True)
class TreeChecks:
    """Compares what users see with what they were promised; with `deep`, every staged byte."""

    known: Known
    census: Census
    trees: Trees
    stage: Path
    tables: Path
    mending: Mending
    deep: bool

    def bundles(self) -> Iterator[Finding]:
        """Every published bundle: all files of its manifest, of the right size, read-only; nothing else."""
        good: set[tuple[int, int]] = set()  # inodes hashed already: one file may be staged a hundred times
        for found in self.known.jobs.values():
            if found.kind == "bundle" and found.published and self.census.exists(found.id):
                yield from self._bundle(found, good)

    def unrecorded(self) -> Iterator[Finding]:
        """Folders of jobs that have no record. Revisions behind the current one are upkeep's to remove."""
        for user, job_id in _staged(self.stage):
            found = self.known.jobs.get(job_id)
            if found and found.owner == user:
                continue
            if job_id in self.known.unreadable or (not found and self.census.exists(job_id)):
                continue
            yield Finding("tree_unrecorded", f"{user}/{job_id}", mend=partial(self._remove, user, job_id))

    def _bundle(self, found: Job, good: set[tuple[int, int]]) -> Iterator[Finding]:
        root = self.trees.path(found.owner, found.id, found.revision or 0)
        name = f"{found.owner}/{found.id}/{found.revision}"
        if not root.is_dir():
            yield Finding("bundle_missing", name, mend=partial(self.mending.rebuild, found))
            return
        if damage(manifest_table(self.tables, found.id, found.revision or 0), self.deep):
            return  # told as table_missing or table_unreadable; without a manifest there is nothing to compare with
        if layout.writable(found.request.get("layout")):
            return  # what is inside is its user's to change
        there = _files(root)
        for row in self._rows(found):
            status = there.pop(row["path"], None)
            yield from self._file(root, f"{name}/{row['path']}", row, status, good)
        for extra in sorted(pages_of(root) - set(there)):
            yield Finding("bundle_file_missing", f"{name}/{extra}", mend=partial(self.mending.write_pages, found))
        for path in sorted(set(there) - PAGES):
            yield Finding("bundle_file_extra", f"{name}/{path}")

    def _rows(self, found: Job) -> Iterator[dict[str, Any]]:
        return Table(manifest_table(self.tables, found.id, found.revision or 0)).rows("status = ?", OK)

    def _file(
        self, root: Path, name: str, row: dict[str, Any], status: os.stat_result | None, good: set[tuple[int, int]]
    ) -> Iterator[Finding]:
        path = root / row["path"]
        if status is None:
            yield Finding("bundle_file_missing", name, mend=partial(self.mending.restore, path, row))
            return
        if why := self._wrong(path, row, status, good):
            yield Finding("bundle_file_wrong", name, why, partial(self.mending.restore, path, row))
        elif S_IMODE(status.st_mode) & 0o222:
            yield Finding("bundle_file_writable", name, mend=partial(_read_only, path))

    def _wrong(self, path: Path, row: dict[str, Any], status: os.stat_result, good: set[tuple[int, int]]) -> str:
        if status.st_size != row["size"]:
            return f"{status.st_size} bytes, not {row['size']}"
        inode = (status.st_dev, status.st_ino)
        if not self.deep or inode in good:
            return ""
        try:
            found = digest_of(path).sha256
        except FileNotFoundError:
            return ""
        if found != row["sha256"]:
            return f"its SHA-256 is {found}"
        good.add(inode)
        return ""

    def _remove(self, user: str, job_id: str) -> bool:
        self.trees.remove(user, job_id)
        return True


def _staged(stage: Path) -> Iterator[tuple[str, str]]:
    """User and job of every staged folder."""
    for user in sorted(stage.glob("[!.]*")):
        yield from ((user.name, job.name) for job in sorted(user.glob("[!.]*")) if job.is_dir())


def _files(root: Path) -> dict[str, os.stat_result]:
    """Every file under a revision, by its path in the box."""
    found = {}
    for inside, _, names in os.walk(root):
        for name in names:
            path = Path(inside, name)
            found[path.relative_to(root).as_posix()] = path.lstat()
    return found


def _read_only(path: Path) -> bool:
    path.chmod(0o444)
    return True
