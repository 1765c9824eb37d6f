"""One file's bytes into another file: sharing its blocks, or written anew. Whole and on disk, or not there."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_FICLONE = 0x40049409
"""ioctl_ficlone(2): the target shares the source's blocks until one of them is written to."""

_CHUNK = 1 << 20


def cloned(source: Path, target: Path, mode: int) -> bool:
    """Make `target` share the blocks of `source`; False, and no target, where that cannot be, or `source` is gone.

    Raises
    ------
    FileExistsError
        Something is at `target`.
    """
    try:
        with source.open("rb") as old, _made(target, mode) as new:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    except FileExistsError:
        raise
    except OSError:  # another filesystem, or one that shares no blocks; each says so in its own way
        return False
    return True


def poured(source: Path, target: Path, mode: int) -> bool:
    """Write the bytes of `source` to `target`; False when `source` is gone.

    Raises
    ------
    FileExistsError
        Something is at `target`.
    OSError
        The disk says no; there is no target.
    """
    try:
        with source.open("rb") as old, _made(target, mode) as new:
            shutil.copyfileobj(old, new, _CHUNK)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _made(target: Path, mode: int) -> Iterator[BinaryIO]:
    """A new file, on disk when this ends, and gone if it ends badly."""
    with target.open("xb") as file:
        try:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        except BaseException:
            target.unlink()
            raise
