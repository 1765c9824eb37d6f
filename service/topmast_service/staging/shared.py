"""A folder that others use too: files come into it whole and verified, and no link leads us out of it.

Whoever may write to a shared folder may put links into it. So every step below the operator's root is taken from the
folder before by its descriptor (``openat``), and a link is never followed: a path that was checked and then opened by
its name could have become another one in between.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from topmast_service.staging.durable import telling_disk_full

COPIED, KEPT = "copied", "kept"

_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})

Watch = Callable[[int], None]
"""Told how many more bytes are done; raises to stop."""


class CannotPut(Exception):
    """A file cannot be put where it should be; says why, for whoever asked for it."""


@dataclass(frozen=True)
class Wanted:
    """A file as it should be: its bytes, what may be replaced by it, and who is told how many were done."""

    name: str
    size: int
    sha256: str
    overwrite: bool
    watch: Watch


class SharedFolder:
    """A folder below `root`, made if need be; a context manager.

    Files get 0644 and folders 0755, less what the umask of the process takes away.

    Parameters
    ----------
    inside
        The names on the way from the root.
    mark
        Begins the names of files on their way (``.<mark>.<attempt>.part``), and is ours alone.
    attempt
        Tells ours from those that a killed attempt left, which are removed.

    Raises
    ------
    CannotPut
        A link or a file is where a folder should be.
    OSError
        The root is not there, or cannot be written to.
    """

    def __init__(self, root: Path, inside: Sequence[str], mark: str, attempt: int) -> None:
        self._mark, self._attempt = mark, attempt
        self._part = f".{mark}.{attempt}.part"
        self._before: list[str] | None = None
        self._tidy = False
        with _opened(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as top:
            self._top = _walk(top, inside)

    def __enter__(self) -> SharedFolder:
        return self

    def __exit__(self, *_: object) -> None:
        with _opened(self._top), suppress(OSError, CannotPut):
            self._tidy_up()

    def put(self, source: BinaryIO, path: str, sha256: str, *, overwrite: bool, watch: Watch) -> str:
        """Have `source` under `path`, unless it is there: `COPIED` or `KEPT`.

        It gets its name only after it was written, synced, and read back from the disk with the right checksum.

        Raises
        ------
        CannotPut
            Other bytes are there (with `overwrite` only something that is no file), or those read back are wrong.
        DiskFull
            Nothing has changed.
        """
        *folders, name = _pieces(path)
        wanted = Wanted(name, os.fstat(source.fileno()).st_size, sha256, overwrite, watch)
        with _opened(_walk(self._top, folders)) as folder:
            kept = _is_right(folder, wanted)
            if not kept:
                self._tidy_up(folder)
                self._write(folder, source, wanted)
        self._before = folders
        return KEPT if kept else COPIED

    def take_away(self, name: str, sha256: str) -> None:
        """Remove a file at the top that has other bytes than these; one that is not there is none."""
        with suppress(CannotPut, FileNotFoundError):
            size = os.stat(name, dir_fd=self._top, follow_symlinks=False).st_size
            if not _is_right(self._top, Wanted(name, size, sha256, True, lambda _: None)):
                os.unlink(name, dir_fd=self._top)

    def _write(self, folder: int, source: BinaryIO, wanted: Wanted) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with telling_disk_full(), _opened(os.open(self._part, flags, 0o644, dir_fd=folder)) as part:
                _fill(part, source, wanted.watch)
                os.fsync(part)
                os.posix_fadvise(part, 0, 0, os.POSIX_FADV_DONTNEED)  # so that it is the disk that is read
                if _sum(part, lambda _: wanted.watch(0)) != wanted.sha256:
                    raise CannotPut("what was read back has other bytes than the manifest says")
                _name(folder, self._part, wanted)
            os.fsync(folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(self._part, dir_fd=folder)

    def _tidy_up(self, *folders: int) -> None:
        """Once: what a killed attempt left is where we write first, or where the last file is that was there."""
        if self._tidy:
            return
        self._tidy = True
        for folder in folders:
            self._remove_parts(folder)
        if self._before is not None:
            with _opened(_walk(self._top, self._before)) as before:
                self._remove_parts(before)

    def _remove_parts(self, folder: int) -> None:
        """Those of earlier attempts only: ours may be the one that was stopped, and wakes up beside a later one."""
        name = re.compile(rf"\.{re.escape(self._mark)}\.([0-9]+)\.part")
        with os.scandir(folder) as entries:
            found = [match for entry in entries if (match := name.fullmatch(entry.name))]
        for match in found:
            if int(match[1]) < self._attempt:
                with suppress(FileNotFoundError):
                    os.unlink(match[0], dir_fd=folder)


def _pieces(path: str) -> list[str]:
    pieces = path.split("/")
    if any(piece in {"", ".", ".."} for piece in pieces):
        raise CannotPut("it has no name that a file can have")
    return pieces


@contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _walk(start: int, names: Sequence[str]) -> int:
    """The folder behind `names`, as a descriptor of its own."""
    here = os.dup(start)
    try:
        for name in names:
            below = _step(here, name)
            os.close(here)
            here = below
    except BaseException:
        os.close(here)
        raise
    return here


def _step(here: int, name: str) -> int:
    try:
        with suppress(FileNotFoundError):
            return os.open(name, _FOLDER, dir_fd=here)
        with suppress(FileExistsError), telling_disk_full():
            os.mkdir(name, 0o755, dir_fd=here)
            os.fsync(here)
        return os.open(name, _FOLDER, dir_fd=here)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise CannotPut(f"{name!r} is a link or a file where a folder should be") from None
        raise


def _is_right(folder: int, wanted: Wanted) -> bool:
    """Whether the very file is there; what else is there must be allowed to be replaced."""
    try:
        found = os.stat(wanted.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    alike = stat.S_ISREG(found.st_mode) and found.st_size == wanted.size
    if alike and _sum_of(folder, wanted.name, wanted.watch) == wanted.sha256:
        return True
    if stat.S_ISDIR(found.st_mode) or not wanted.overwrite:
        raise CannotPut(_other(found.st_mode))
    return False


def _other(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "a file with other bytes is there; `overwrite` replaces it"
    return "a folder is there" if stat.S_ISDIR(mode) else "something that is no file is there"


def _sum_of(folder: int, name: str, watch: Watch) -> str:
    with _opened(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)) as file:
        return _sum(file, watch)


def _sum(file: int, watch: Watch) -> str:
    digest, at = hashlib.sha256(), 0
    while chunk := os.pread(file, _CHUNK, at):
        digest.update(chunk)
        at += len(chunk)
        watch(len(chunk))
    return digest.hexdigest()


def _fill(part: int, source: BinaryIO, watch: Watch) -> None:
    while chunk := source.read(_CHUNK):
        left = memoryview(chunk)
        while left:
            left = left[os.write(part, left) :]
        watch(len(chunk))


def _name(folder: int, part: str, wanted: Wanted) -> None:
    """Give the file its name. A link never replaces anything, whoever was faster; some filesystems have none."""
    if not wanted.overwrite:
        try:
            os.link(part, wanted.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            raise CannotPut(_other(stat.S_IFREG)) from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _must_be_free(folder, wanted.name)
        else:
            return
    os.rename(part, wanted.name, src_dir_fd=folder, dst_dir_fd=folder)


def _must_be_free(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        raise CannotPut(_other(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode))
