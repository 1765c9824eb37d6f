"""Whether a file of a box still has the bytes that were delivered.

A box in a layout that is meant to be written into is on a shared filesystem its user's own: a file that somebody wrote
to since is sent as it is, under the SHA-256 that it has now. So whoever compares with the manifest sees that it is not
what was delivered, and nobody resumes a mixture.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from topmast_service.staging.manifest_files import SUMS


def as_delivered(path: Path, row: Mapping[str, Any]) -> bool:
    """Whether the file has the bytes of its manifest row: nobody may write to it, or nobody did since the box was made.

    Looked at is ctime, which no `touch` sets back, against the time when the last of the box's own tables was written.
    """
    found = path.stat()
    if not found.st_mode & 0o222:
        return True
    return bool(found.st_size == row["size"] and found.st_ctime_ns <= _made(path.parents[row["path"].count("/")]))


def _made(box: Path) -> int:
    try:
        return (box / SUMS).stat().st_mtime_ns
    except FileNotFoundError:  # its user took it away
        return 0
