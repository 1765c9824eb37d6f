"""Writing so that a power cut or a kill leaves either the old file or the new one."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from topmast_service.errors import DiskFull

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_CHUNK = 1 << 20


@contextmanager
def telling_disk_full() -> Iterator[None]:
    """Turn the kernel's "no space" and "over quota" into `DiskFull`; anything else passes unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise DiskFull() from error
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut (fsync of a file does not cover its name)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write `content` aside, then rename it over `path`: a reader sees the old file or the new one.

    Parameters
    ----------
    sync
        Also after a power cut it is the old file or the new one; without, it may come back empty.

    Raises
    ------
    DiskFull
        Nothing was changed.
    """
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with telling_disk_full():
            _write(aside, content, sync)
        aside.rename(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _write(path: Path, content: bytes, sync: bool) -> None:
    try:
        file = path.open("xb", buffering=0)
    except FileNotFoundError:  # asked first, each file would cost one more call
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("xb", buffering=0)
    with file:
        left = memoryview(content)
        while left:
            left = left[file.write(left) :]
        if sync:
            os.fsync(file.fileno())


class Digest:
    """SHA-256 and CRC-32 (zip's) of the bytes seen so far."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.crc32 = 0

    def update(self, chunk: bytes | memoryview) -> None:
        """Add the next bytes."""
        self._sha256.update(chunk)
        self.crc32 = zlib.crc32(chunk, self.crc32)

    @property
    def sha256(self) -> str:
        """The hash as 64 hexadecimal digits."""
        return self._sha256.hexdigest()


def digest_of(path: Path) -> Digest:
    """The digest of what is on disk, read in bounded memory."""
    digest = Digest()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest


def digest_once(path: Path) -> Digest:
    """The digest of a file of a box, which hardly ever changes: kept, since it is asked for with every request.

    Raises
    ------
    FileNotFoundError
        It is gone.
    """
    return _kept(path, path.stat().st_ctime_ns)


@lru_cache(maxsize=256)
def _kept(path: Path, _changed: int) -> Digest:
    """`_changed` tells a file that was written anew from the one before; no `touch` sets it back."""
    return digest_of(path)
