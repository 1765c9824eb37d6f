"""What is inside a box, with the checksums that the manifest knows.

A box in a layout that is meant to be written into is on a shared filesystem its user's own: a file that somebody wrote
to since is sent as it is, under the SHA-256 that it has now. So whoever compares with the manifest sees that it is not
what was delivered, and nobody resumes a mixture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from topmast_service.api.streaming import Served, of_file
from topmast_service.errors import NoSuchFile
from topmast_service.staging.durable import digest_once
from topmast_service.staging.manifest_files import SUMS
from topmast_service.staging.tree import Listed
from topmast_service.store.tables import Table
from topmast_service.workflows.arrivals import Arrived

_AFTER_SLASH = "0"
"""The character behind ``/`` in ASCII: ``path >= 'a/' AND path < 'a0'`` is everything in folder a."""


def listing(place: Path, listed: list[Listed], manifest: Table, folder: str) -> list[dict[str, Any]]:
    """The entries of a folder, which is at `place`; files that are products, and are as delivered, carry their SHA-256.

    Raises
    ------
    NoSuchFile
        One was removed meanwhile.
    """
    try:
        known = _sums_in(place, {e.path: e.name for e in listed}, manifest, folder)
    except FileNotFoundError:
        raise NoSuchFile() from None
    return [
        {"name": e.name, "path": e.path, "type": e.type, "size": e.size, "sha256": known.get(e.path)} for e in listed
    ]


def served(path: Path, relative: str, manifest: Table) -> Served:
    """A file of a box with its SHA-256: the manifest's, or one made of the bytes.

    Raises
    ------
    NoSuchFile
        It was removed meanwhile.
    """
    row = next(manifest.rows("path = ? AND status = 'OK'", relative), None)
    try:
        known = row["sha256"] if row and _as_delivered(path, row) else digest_once(path).sha256
    except FileNotFoundError:
        raise NoSuchFile() from None
    return of_file(path, known, path.name)


def arrived(file: Arrived) -> Served:
    """A file of a box that is not there yet."""
    return of_file(file.blob, file.sha256, file.path.rpartition("/")[2])


def _as_delivered(path: Path, row: dict[str, Any]) -> bool:
    """Whether the file has the bytes of its manifest row: nobody may write to it, or nobody did since the box was made.

    Looked at is ctime, which no `touch` sets back, against the time when the last of the box's own tables was written.
    """
    found = path.stat()
    if not found.st_mode & 0o222:
        return True
    return found.st_size == row["size"] and found.st_ctime_ns <= _made(path.parents[row["path"].count("/")])


def _made(box: Path) -> int:
    try:
        return (box / SUMS).stat().st_mtime_ns
    except FileNotFoundError:  # its user took it away
        return 0


def _sums_in(place: Path, names: dict[str, str], manifest: Table, folder: str) -> dict[str, str]:
    within = (f"{folder}/", f"{folder}{_AFTER_SLASH}") if folder else ("", "\U0010ffff")
    rows = manifest.rows("path >= ? AND path < ? AND status = 'OK'", *within)
    shown = ((row, names[row["path"]]) for row in rows if row["path"] in names)
    return {row["path"]: row["sha256"] for row, name in shown if row["sha256"] and _as_delivered(place / name, row)}
