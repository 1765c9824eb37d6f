"""What is inside a box, with the checksums that the manifest knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from topmast_service.api.streaming import Served, of_file
from topmast_service.staging.durable import digest_once
from topmast_service.staging.tree import Listed
from topmast_service.store.tables import Table

_AFTER_SLASH = "0"
"""The character behind ``/`` in ASCII: ``path >= 'a/' AND path < 'a0'`` is everything in folder a."""


def listing(listed: list[Listed], manifest: Table, folder: str) -> list[dict[str, Any]]:
    """A folder's entries; files that are products carry their SHA-256."""
    known = _sums_in(manifest, folder)
    return [
        {"name": e.name, "path": e.path, "type": e.type, "size": e.size, "sha256": known.get(e.path)} for e in listed
    ]


def served(path: Path, relative: str, manifest: Table) -> Served:
    """A file of a box with its SHA-256: the manifest's, or for the box's own files one made of their bytes."""
    known = next((row["sha256"] for row in manifest.rows("path = ? AND status = 'OK'", relative)), None)
    return of_file(path, known or digest_once(path).sha256)


def _sums_in(manifest: Table, folder: str) -> dict[str, str]:
    within = (f"{folder}/", f"{folder}{_AFTER_SLASH}") if folder else ("", "\U0010ffff")
    rows = manifest.rows("path >= ? AND path < ? AND status = 'OK'", *within)
    return {row["path"]: row["sha256"] for row in rows if row["sha256"]}
