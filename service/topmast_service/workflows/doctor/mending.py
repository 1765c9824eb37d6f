"""Putting a staged file, or a whole bundle, back from the cache."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from topmast_service import __version__
from topmast_service.domain import layout
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK, BoxFacts, ManifestRow
from topmast_service.errors import Expired
from topmast_service.staging.cache import Cache
from topmast_service.staging.durable import digest_of
from topmast_service.staging.manifest_files import PAGE, RECORD, SUMS, TABLE, write_manifest
from topmast_service.staging.tree import BlobsGone, Entry, Trees
from topmast_service.staging.version import Version
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table

_FIELDS = {field.name for field in fields(ManifestRow)}


@dataclass(frozen=True)
class Mending:
    """Only ever gives a file the bytes that its manifest names; what the cache no longer has stays missing."""

    cache: Cache
    trees: Trees
    tables: Path

    def restore(self, path: Path, row: dict[str, Any]) -> bool:
        """The right bytes at `path`, put there by a rename."""
        version = self._version(row)
        if version is None:
            return False
        aside = path.with_name(f".{secrets.token_hex(8)}")
        if not self.cache.link(version, aside):
            return False
        aside.replace(path)
        aside.unlink(missing_ok=True)  # rename(2) does nothing between two names of one file
        return True

    def rebuild(self, bundle: Job) -> bool:
        """The whole revision anew, if every file is in the cache."""
        try:
            rows = list(self._rows(bundle))
        except Expired:
            return False
        versions = {row["path"]: self._version(row) for row in rows if row["status"] == OK}
        found = [Entry(path, version) for path, version in versions.items() if version]
        if len(found) < len(versions):
            return False
        try:
            self.trees.build(
                bundle.owner, bundle.id, bundle.revision or 0, found, cache=self.cache,
                write_extras=lambda folder: write_manifest(folder, _facts(bundle), [_row(row) for row in rows]),
                writable=layout.writable(bundle.request.get("layout")),
            )  # fmt: skip
        except BlobsGone:
            return False
        return True

    def write_pages(self, bundle: Job) -> bool:
        """The box's own pages anew; all of them, since each holds the hashes of the others."""
        root = self.trees.path(bundle.owner, bundle.id, bundle.revision or 0)
        try:
            rows = [_row(row) for row in self._rows(bundle)]
        except Expired:
            return False
        for name in (PAGE, RECORD, SUMS, TABLE):
            (root / name).unlink(missing_ok=True)
        write_manifest(root, _facts(bundle), rows)
        return True

    def _rows(self, bundle: Job) -> list[dict[str, Any]]:
        return list(Table(manifest_table(self.tables, bundle.id, bundle.revision or 0)).rows())

    def _version(self, row: dict[str, Any]) -> Version | None:
        """The version that a manifest row names, if the cache has its bytes, read and found right."""
        for version in self.cache.versions(row["dataURI"]):
            blob = self.cache.path(version)
            if version.sha256 == row["sha256"] and blob.exists() and digest_of(blob).sha256 == version.sha256:
                return version
        return None


def _row(row: dict[str, Any]) -> ManifestRow:
    return ManifestRow(**{name: value for name, value in row.items() if name in _FIELDS})


def _facts(bundle: Job) -> BoxFacts:
    ended = bundle.ended or bundle.created
    return BoxFacts(
        job_id=bundle.id,
        revision=bundle.revision or 0,
        owner=bundle.owner,
        label=bundle.label or "",
        created=f"{ended:%Y-%m-%d %H:%M} UTC",
        expires=f"{bundle.destruction:%Y-%m-%d %H:%M} UTC",
        request=bundle.request,
        counts=bundle.result.get("counts", {}),
        version=__version__,
    )
