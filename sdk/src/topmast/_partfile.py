"""Half a file on disk: locked by one writer, tied to one content, renamed when whole."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ._errors import TopmastError

BLOCK = 1 << 20


class PartBusy(TopmastError):
    """Another process or thread is writing this file."""

    hint = "Let the other download finish, then repeat this one."


class PartFile:
    """The part file of `target`; its name holds the start of the SHA-256 it is to have.

    Hence bytes of two versions of a file never meet: JWST products are reprocessed under unchanged names, and two
    released clients of other archives returned such mixtures as success.
    """

    def __init__(self, target: Path, sha256: str, file: BinaryIO, path: Path) -> None:
        self.target = target
        self.path = path
        self._file = file
        self._sha256 = sha256
        self._hash = hashlib.sha256()
        self.size = 0
        self._read_back()

    @classmethod
    @contextmanager
    def open(cls, target: Path, sha256: str) -> Iterator[PartFile]:
        """Open, or go on with, the part file of `target`.

        Raises
        ------
        PartBusy
            Somebody else holds it.
        OSError
            The disk says no.
        """
        path = target.with_name(f".{target.name}.{sha256[:16] or 'unknown'}.part")
        with _locked(path) as file:
            yield cls(target, sha256, file, path)

    def append(self, chunk: bytes) -> None:
        """Write behind what is there."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Forget what is there."""
        self._file.seek(0)
        self._file.truncate()
        self._hash, self.size = hashlib.sha256(), 0

    @property
    def sha256(self) -> str:
        """Of all that is there, in hexadecimal."""
        return self._hash.hexdigest()

    def commit(self) -> None:
        """Give it the file's own name, at once and on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        os.replace(self.path, self.target)
        self._remove_older()

    def _read_back(self) -> None:
        if not self._sha256:
            self.restart()  # nothing tells which version it is half of
            return
        while block := self._file.read(BLOCK):
            self._hash.update(block)
            self.size += len(block)

    def _remove_older(self) -> None:
        """Halves of earlier versions are of no use any more."""
        pattern = re.compile(rf"\.{re.escape(self.target.name)}\.[0-9a-f]{{16}}\.part")
        for entry in os.scandir(self.target.parent):
            if pattern.fullmatch(entry.name):
                Path(entry.path).unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    # A link planted under the part's name must not lead the bytes elsewhere.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o666), "r+b") as file:
        _lock(file, path)
        yield file


def _lock(file: BinaryIO, path: Path) -> None:
    """No lock, no write; the system frees it when the process dies, however it dies."""
    if sys.platform == "win32":
        return  # it refuses to rename an open file of another process by itself
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        here = path.stat()
    except (BlockingIOError, FileNotFoundError):
        raise PartBusy(f"{path.name} is being written by another download") from None
    if here.st_ino != os.fstat(file.fileno()).st_ino:
        # The other one renamed it between our open and our lock: this handle is its finished file.
        raise PartBusy(f"{path.name} was just finished by another download")
