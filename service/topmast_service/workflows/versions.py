"""What became of a bundle's files since: superseded by a reprocessing, changed between two revisions, mixed versions.

JWST data are reprocessed under the same name; a bundle keeps the bytes it was published with, and says when there are
newer ones. What is compared is what this installation has seen: nobody asks MAST for every file of every bundle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topmast_service.domain import access
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK
from topmast_service.errors import NoSuchRevision
from topmast_service.staging.cache import Cache
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table
from topmast_service.workflows.result import UNCONFIRMED

SHOWN = 20
"""Superseded files named in a bundle's document; the count is of all."""

MIXED = "The files come from"
"""How a note on mixed versions begins; a next revision replaces those of the one before."""

UNCONFIRMED_NOTE = "Last copies of files about which MAST could not be asked"
"""How the note begins that counts them."""

REMEMBERED = 60
"""Seconds an answer is kept: a box of 70,000 files takes seconds to compare."""


@dataclass(frozen=True)
class Versions:
    """Compares what was delivered with what is known now."""

    jobs: JobStore
    cache: Cache
    folder: Path

    def superseded(self, bundle: Job) -> dict[str, Any]:
        """``{"count", "files": [path, …]}``: delivered files of which the cache has a newer version."""
        name = f"superseded:{bundle.id}:{bundle.revision}"
        return self.jobs.remembered(name, REMEMBERED, lambda: self._superseded(bundle))

    def _superseded(self, bundle: Job) -> dict[str, Any]:
        paths: list[str] = []
        count = 0
        for row in self._delivered(bundle, bundle.revision or 0):
            newest = self.cache.newest(row["dataURI"], proven=row["access"] != access.PUBLIC)
            if newest is not None and newest.sha256 != row["sha256"]:
                count += 1
                paths += [row["path"]] if count <= SHOWN else []
        return {"count": count, "files": paths}

    def difference(self, bundle: Job, old: int, new: int) -> Iterator[dict[str, Any]]:
        """One row for each file that is not the same in both revisions, by path.

        Yields
        ------
        dict
            ``{"path", "dataURI", "change": added | removed | changed, "old", "new"}``; old and new are
            ``{"sha256", "size", "cal_ver", "crds_ctx", "date"}`` or None.

        Raises
        ------
        NoSuchRevision
            The bundle never had one of them.
        """
        before = {row["path"]: row for row in self._delivered(bundle, old)}
        for row in self._delivered(bundle, new):
            was = before.pop(row["path"], None)
            if was is None or was["sha256"] != row["sha256"]:
                yield _change(row, was, row)
        for row in before.values():
            yield _change(row, row, None)

    def _delivered(self, bundle: Job, revision: int) -> Iterator[dict[str, Any]]:
        path = manifest_table(self.folder, bundle.id, revision)
        if not 1 <= revision <= (bundle.revision or 0) or not path.exists():
            raise NoSuchRevision(f"Bundle {bundle.id} has no revision {revision}.")
        return Table(path).rows("status = ?", OK)


def mixed(rows: Table) -> list[str]:
    """Notes on a box whose FITS files were made by different pipelines or with different references."""
    notes = []
    for column, name in (("cal_ver", "pipeline versions (CAL_VER)"), ("crds_ctx", "reference contexts (CRDS_CTX)")):
        found = rows.distinct(column, f"status = '{OK}' AND {column} <> ''")
        if len(found) > 1:
            notes.append(f"{MIXED} {len(found)} {name}: {', '.join(found[:5])}.")
    return notes


def unconfirmed_of(rows: Table) -> list[str]:
    """A note on files that MAST gave before and could not be asked about now."""
    count = sum(1 for _ in rows.rows("status = ? AND reason LIKE ?", OK, f"{UNCONFIRMED}%"))
    return [f"{UNCONFIRMED_NOTE}: {count}. They may be old versions; retry with what=all asks again."] if count else []


def _change(row: dict[str, Any], old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any]:
    kind = "added" if old is None else "removed" if new is None else "changed"
    facts = ("sha256", "size", "cal_ver", "crds_ctx", "date")
    sides = {side: found and {name: found[name] for name in facts} for side, found in (("old", old), ("new", new))}
    return {"path": row["path"], "dataURI": row["dataURI"], "change": kind, **sides}
