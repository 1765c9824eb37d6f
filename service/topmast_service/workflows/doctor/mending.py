"""Putting a staged file, or a whole bundle, back from the cache."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from topmast_service.domain import layout
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK, BoxFacts, ManifestRow
from topmast_service.errors import Expired
from topmast_service.staging.cache import Cache
from topmast_service.staging.durable import digest_of
from topmast_service.staging.manifest_files import PAGES, write_manifest
from topmast_service.staging.tree import BlobsGone, Entry, Trees
from topmast_service.staging.version import Version
from topmast_service.store.tables import Table
from topmast_service.workflows import box
from topmast_service.workflows.control import manifest_table, products_table
from topmast_service.workflows.report import Excluded

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
                write_extras=lambda folder: self._write(folder, bundle, rows),
                writable=layout.writable(bundle.request.get("layout")),
            )  # fmt: skip
        except BlobsGone:
            return False
        return True

    def write_pages(self, bundle: Job) -> bool:
        """The box's own pages anew; all of them, since each holds the hashes of the others."""
        root = self.trees.path(bundle.owner, bundle.id, bundle.revision or 0)
        try:
            rows = self._rows(bundle)
        except Expired:
            return False
        for name in PAGES:
            (root / name).unlink(missing_ok=True)
        self._write(root, bundle, rows)
        return True

    def _write(self, folder: Path, bundle: Job, rows: list[dict[str, Any]]) -> None:
        excluded = Excluded(products_table(self.tables, bundle.id))
        write_manifest(folder, self._facts(bundle), [_row(row) for row in rows], excluded)

    def _facts(self, bundle: Job) -> BoxFacts:
        made, expires = bundle.ended or bundle.created, bundle.destruction
        return box.facts(bundle, bundle.revision or 0, bundle.result, made=made, expires=expires, tables=self.tables)

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
