"""Folders copied while they are in use: links stay links, modes and times stay, what vanishes meanwhile is left out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from topmast_service.staging.durable import telling_disk_full


class Copier:
    """Copies folders of files that never change, once for all their names.

    Parameters
    ----------
    link
        Share the files instead of copying them, where both are on one filesystem.
    """

    def __init__(self, *, link: bool) -> None:
        self._link = link
        self._known: dict[tuple[int, int], Path] = {}
        self.files = 0
        self.size = 0

    def folder(self, source: Path, target: Path, leave_out: Callable[[str], bool] = lambda _: False) -> None:
        """Everything under `source` to `target`, without the names that `leave_out` says; none is no error."""
        with suppress(FileNotFoundError), os.scandir(source) as entries:
            target.mkdir(parents=True, exist_ok=True)
            for entry in entries:
                if leave_out(entry.name) or entry.is_symlink():
                    continue
                if entry.is_dir(follow_symlinks=False):
                    self.folder(Path(entry.path), target / entry.name, leave_out)
                elif entry.is_file(follow_symlinks=False):
                    self.file(Path(entry.path), target / entry.name)
            shutil.copystat(source, target)

    def file(self, source: Path, target: Path) -> None:
        """One file; one that has gone is left out."""
        with suppress(FileNotFoundError), telling_disk_full():
            status = source.stat()
            inode = (status.st_dev, status.st_ino)
            if self._again(inode, target) or self._shared(source, target):
                return
            shutil.copy2(source, target)
            self.files += 1
            self.size += status.st_size
            if status.st_nlink > 1:
                self._known[inode] = target

    def _again(self, inode: tuple[int, int], target: Path) -> bool:
        """Another name of a file that was copied already, unless that copy was thrown away."""
        try:
            return inode in self._known and _linked(self._known[inode], target)
        except FileNotFoundError:
            return False

    def _shared(self, source: Path, target: Path) -> bool:
        if self._link and not _linked(source, target):
            self._link = False  # another filesystem: copies from here on
        return self._link


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another filesystem, or too many links
        return False
    return True
