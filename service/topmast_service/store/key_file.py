"""Secret keys in a file, one a line: made when the first is needed, for its owner only."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from topmast_service.domain.redaction import remember


def read(path: Path) -> list[str]:
    """The keys; none while there is no file.

    Raises
    ------
    OSError, ValueError
        It cannot be read, or is no text of ASCII.
    """
    with suppress(FileNotFoundError):
        found = path.read_text(encoding="ascii").split()
        for key in found:
            remember(key)
        return found
    return []


def make(path: Path, key: bytes) -> None:
    """A whole file or none, and the same one for two processes that need the first key at once."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key + b"\n")
            file.flush()
            os.fsync(handle)
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        os.unlink(aside)
