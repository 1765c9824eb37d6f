"""What has left Redis of the audit log: a file for each month, ``2026-11.jsonl``, to which lines are only added."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from pathlib import Path

from topmast_service.domain.audit import Entry, read, written

log = logging.getLogger(__name__)

BLOCK = 1 << 16


class MonthFiles:
    """The files of one installation, readable for their owner only; made when the first entry comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, entries: Iterable[Entry]) -> None:
        """Add entries, but for those that are there: whoever was killed before may have come as far as this.

        When it returns they are on the disk, not in its cache.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            for month, some in groupby(entries, _month):
                self._append(self._folder / f"{month}.jsonl", list(some))

    def last(self) -> Entry | None:
        """The newest entry."""
        return next(self.backwards(), None)

    def forwards(self, since: datetime | None = None) -> Iterator[Entry]:
        """Oldest first, beginning with the month of `since` at the latest."""
        for path in self._paths():
            if since is None or path.stem >= f"{since:%Y-%m}":
                with path.open("rb") as file:
                    yield from _understood(path, (line for line in file if line.endswith(b"\n")))

    def backwards(self, until: datetime | None = None) -> Iterator[Entry]:
        """Newest first, beginning with the month of `until` at the earliest."""
        for path in reversed(self._paths()):
            if until is None or path.stem <= f"{until:%Y-%m}":
                yield from _understood(path, _lines_backwards(path))

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.jsonl"))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One who adds at a time: an upkeep that was given up for dead may still be at it."""
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _append(self, path: Path, entries: Sequence[Entry]) -> None:
        known = self._known(path, entries)
        lines = "".join(written(entry) + "\n" for entry in entries if entry.id not in known)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            _cut_half_a_line(file.fileno(), path)
            left = memoryview(lines.encode())
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        _sync_folder(self._folder)

    def _known(self, path: Path, entries: Sequence[Entry]) -> set[str]:
        """Ids that are in the file, as far as it matters: as a rule all entries are newer than what it ends with."""
        last = next(_understood(path, _lines_backwards(path)), None) if path.exists() else None
        if last is None or all(entry.order > last.order for entry in entries):
            return set()
        with path.open("rb") as file:
            return {entry.id for entry in _understood(path, file)}


def _month(entry: Entry) -> str:
    return f"{entry.time:%Y-%m}"


def _understood(path: Path, lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        try:
            yield read(line)
        except ValueError:
            log.warning("%s has a line that is no entry", path)


def _lines_backwards(path: Path) -> Iterator[bytes]:
    """The whole lines of a file, the last one first; half a line at its end was never acknowledged."""
    with path.open("rb") as file:
        at, begun, whole = file.seek(0, os.SEEK_END), b"", False
        while at:
            size = min(BLOCK, at)
            at = file.seek(at - size)
            *lines, last = (file.read(size) + begun).split(b"\n")[::-1]
            yield from lines if whole else lines[1:]
            begun, whole = last, whole or bool(lines)
        if whole:
            yield begun


def _cut_half_a_line(descriptor: int, path: Path) -> None:
    """What a killed process, or a full disk, left of its last line; the entry comes again, whole."""
    size = end = os.fstat(descriptor).st_size
    while end and (block := os.pread(descriptor, min(BLOCK, end), end - min(BLOCK, end))):
        if (cut := block.rfind(b"\n")) >= 0:
            end += cut + 1 - len(block)
            break
        end -= len(block)
    if end < size:
        log.warning("%s ended in half a line", path)
        os.ftruncate(descriptor, end)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
