"""What a signed-in user sees: ``/<job id>/…``, their own current revisions, and nothing else of the machine.

Paths inside pyftpdlib stay the client's ("virtual"); `BoxFilesystem._real` is the one place where they become real
ones. So no message and no log line can name a directory of the host.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from pyftpdlib.filesystems import AbstractedFS

_ROOT = os.stat_result((stat.S_IFDIR | 0o555, 0, 0, 1, 0, 0, 0, 0, 0, 0))


class BoxFilesystem(AbstractedFS):
    """The boxes of one signed-in user. Dot names and symbolic links do not exist; only files and folders do."""

    def __init__(self, root: str, cmd_channel: Any) -> None:
        super().__init__(root, cmd_channel)
        self._boxes: Mapping[str, Path] = {}
        self._tops: dict[str, str | None] = {}

    def refresh(self) -> None:
        """Ask which boxes there are; called once per command, so that a listing is of one moment."""
        self._boxes = self.cmd_channel.doors.boxes(self.cmd_channel.username)
        self._tops = {}

    def _real(self, path: str) -> str:
        """Where the virtual `path` lies.

        Raises
        ------
        FileNotFoundError
            There is no such thing for this user: another's box, a dot name, a name with NUL, a link on the way.
        """
        job, *rest = path.strip("/").split("/")
        top = self._top(job)
        if top is None or "\0" in path or any(part.startswith(".") for part in (job, *rest)):
            raise _absent(path)
        real = os.path.join(top, *rest)
        if os.path.realpath(real) != real:
            raise _absent(path)
        return real

    def _top(self, job: str) -> str | None:
        # Once per job and command: a folder of 7,000 files is one question to the store, not 7,000.
        if job not in self._tops:
            box = self._boxes.get(job)
            self._tops[job] = os.path.realpath(box) if box else None
        return self._tops[job]

    # From the client's words to a virtual path; pyftpdlib asks these before any command.

    def ftp2fs(self, ftppath: str) -> str:
        """The absolute virtual path; ``..`` ends at the root."""
        return str(self.ftpnorm(ftppath))

    def fs2ftp(self, fspath: str) -> str:
        """The same: paths are virtual on both sides."""
        return fspath

    def validpath(self, path: str) -> bool:
        """Always: what does not exist for the user is told by `_real`."""
        return True

    def realpath(self, path: str) -> str:
        """The same: nothing here is a link."""
        return path

    # Reading.

    def open(self, filename: str, mode: str) -> IO[Any]:
        """The file, carrying its virtual name (which pyftpdlib logs)."""
        if not self.isfile(filename):
            raise _absent(filename)
        real = self._real(filename)
        return open(filename, mode, opener=lambda _name, flags: os.open(real, flags | os.O_NOFOLLOW))

    def stat(self, path: str) -> os.stat_result:
        """As ``os.stat``, but with one link: how many hold the same file is nobody's business."""
        if path == "/":
            return _ROOT
        found = os.lstat(self._real(path))
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            raise _absent(path)
        return os.stat_result((*found[:3], 1, *found[4:]))

    lstat = stat

    def listdir(self, path: str) -> list[str]:
        """Names in a folder; at the root, the ids of the user's jobs whose files are there."""
        if path == "/":
            return sorted(job for job in self._boxes if self.isdir(f"/{job}"))
        with os.scandir(self._real(path)) as entries:
            return sorted(entry.name for entry in entries if _shown(entry))

    listdirinfo = listdir

    def chdir(self, path: str) -> None:
        """Go to a folder, without moving the process."""
        if not self.isdir(path):
            raise _absent(path)
        self.cwd = path

    def isfile(self, path: str) -> bool:
        """Whether it is a regular file (a named pipe would stop the whole server)."""
        return stat.S_ISREG(self._mode(path))

    def isdir(self, path: str) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self._mode(path))

    def islink(self, path: str) -> bool:
        """Never: links do not exist here."""
        return False

    def lexists(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        return self._mode(path) != 0

    def getsize(self, path: str) -> int:
        """Bytes."""
        return self.stat(path).st_size

    def getmtime(self, path: str) -> float:
        """Seconds since 1970."""
        return self.stat(path).st_mtime

    def get_user_by_uid(self, _uid: int) -> str:
        """Listings do not name the host's accounts."""
        return "topmast"

    get_group_by_gid = get_user_by_uid

    def _mode(self, path: str) -> int:
        try:
            return self.stat(path).st_mode
        except OSError:
            return 0


def _shown(entry: os.DirEntry[str]) -> bool:
    kept = entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)
    return kept and not entry.name.startswith(".")


def _absent(path: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
