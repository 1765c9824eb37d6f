"""What users see: immutable revisions ``stage/<user>/<job>/<n>/``, built aside and renamed when whole."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from topmast_service.errors import NoSuchFile
from topmast_service.staging.cache import Cache
from topmast_service.staging.durable import sync_folder, telling_disk_full
from topmast_service.staging.version import Version

_BUILDING = ".building"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,127}")
_INSIDE = re.compile(r"[^/\\.][^/\\]*(/[^/\\.][^/\\]*)*")
_OURS = 0o755  # mode of folders whatever the umask: who may write to one may replace what is in it


class BlobsGone(Exception):
    """Some versions left the cache before they could be linked; `entries` are to be fetched again."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__(f"{len(entries)} files have left the cache")
        self.entries = entries


@dataclass(frozen=True)
class Entry:
    """One file of a tree: where it lies in the box (as `domain.layout` says), and its bytes."""

    path: str
    version: Version


@dataclass(frozen=True)
class Listed:
    """One line of a folder's listing; `path` is relative to the box, `size` in bytes and None for a folder."""

    name: str
    path: str
    type: Literal["file", "folder"]
    size: int | None


class Trees:
    """All boxes on disk.

    Parameters
    ----------
    root
        The stage folder. It should be on the cache's filesystem, so that a link costs nothing.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._aside = root / _BUILDING

    def path(self, user: str, job_id: str, revision: int) -> Path:
        """Where a revision is, or would be.

        Raises
        ------
        ValueError
            A user or job id that cannot be a folder's name. Theirs are made by us, so this is a fault of ours.
        """
        return self._job(user, job_id) / str(int(revision))

    def build(
        self,
        user: str,
        job_id: str,
        revision: int,
        entries: Iterable[Entry],
        *,
        cache: Cache,
        write_extras: Callable[[Path], None],
        writable: bool = False,
    ) -> Path:
        """Link the entries, write the extras, and show the whole by one rename.

        Parameters
        ----------
        write_extras
            Is given the folder under construction: the manifest goes there.
        writable
            Give each entry a file of its own: astropy's ``fits.open(mode="update")`` on a link would edit everybody's.

        Returns
        -------
        Path
            The revision. One that is there already is returned as it is: revisions never change.

        Raises
        ------
        BlobsGone
            With all entries that must be fetched again. Nothing is shown.
        DiskFull
            Nothing is shown.
        """
        target = self.path(user, job_id, revision)
        if target.is_dir():
            return target
        aside = self._aside / f"{job_id}.{revision}.{secrets.token_hex(8)}"
        try:
            with telling_disk_full():
                self._root.mkdir(_OURS, parents=True, exist_ok=True)
                self._aside.mkdir(_OURS, exist_ok=True)
                aside.mkdir(_OURS)
                _put_all(aside, entries, cache.copy if writable else cache.link)
                write_extras(aside)
                _sync_all(aside)
                _show(aside, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return target

    def find(self, user: str, job_id: str, revision: int, relative: str) -> Path:
        """A file or folder in a revision; the empty path is the revision itself.

        Raises
        ------
        NoSuchFile
            It is not there, or the path tries to leave the box.
        """
        root = self.path(user, job_id, revision)
        pieces = [piece for piece in relative.split("/") if piece]
        refused = relative.startswith("/") or any(not _visible(piece) for piece in pieces)
        found = root.joinpath(*pieces)
        # Our trees hold no links; what is one was put there by somebody else, and may lead anywhere.
        if refused or not _exists(found) or found.resolve() != root.resolve().joinpath(*pieces):
            raise NoSuchFile()
        return found

    def listing(self, folder: Path) -> list[Listed]:
        """What is in a folder of a revision, by name; hidden names and links are not shown.

        Parameters
        ----------
        folder
            As `find` gave it.
        """
        inside = folder.relative_to(self._root).parts[3:]
        with os.scandir(folder) as found:
            shown = [entry for entry in found if _visible(entry.name) and not entry.is_symlink()]
        listed = (_listed(entry, inside) for entry in sorted(shown, key=lambda entry: entry.name))
        return [line for line in listed if line]

    def remove(self, user: str, job_id: str) -> None:
        """Remove all revisions of a job; what somebody has open stays readable to them."""
        self._vanish(self._job(user, job_id))

    def remove_orphans(self, keep: Callable[[str, str, int], bool], older_than: datetime) -> list[Path]:
        """Remove revisions that no record names, and what dead builders left.

        Parameters
        ----------
        keep
            Asked with user, job id and revision; True keeps it.
        older_than
            Younger ones stay: their record may be on its way.

        Returns
        -------
        list of Path
            What was removed.
        """
        orphans = [path for path in self._revisions() if not keep(*_named(path))]
        old = [path for path in [*orphans, *_children(self._aside)] if _changed(path) < older_than]
        for path in old:
            self._vanish(path)
        return old

    def _job(self, user: str, job_id: str) -> Path:
        for name in (user, job_id):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot be the name of a folder")
        return self._root / user / job_id

    def _revisions(self) -> Iterator[Path]:
        for user in _children(self._root):
            for job in _children(user) if _visible(user.name) else ():
                yield from (path for path in _children(job) if path.name.isdecimal())

    def _vanish(self, path: Path) -> None:
        """Out of sight in one step, then delete: a tree that is half gone is never shown."""
        aside = self._aside / f"removed.{secrets.token_hex(8)}"
        self._aside.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(aside)
        except FileNotFoundError:
            return
        shutil.rmtree(aside, ignore_errors=True)


def inside(path: str) -> str:
    """`path`, once it is certain that it stays in the folder it is put into, on any system.

    Raises
    ------
    ValueError
        It begins at the root, climbs, hides or cannot be printed. It is no path that `safe_names` makes, then.
    """
    if not (_INSIDE.fullmatch(path) and path.isprintable()):
        raise ValueError(f"{path!r} is no path that safe_path makes")
    return path


def _visible(name: str) -> bool:
    return not name.startswith(".") and name.isprintable() and "\\" not in name


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or cannot be encoded
        return False


def _put_all(aside: Path, entries: Iterable[Entry], put: Callable[[Version, Path], bool]) -> None:
    gone = [entry for entry in entries if not put(entry.version, aside / inside(entry.path))]
    if gone:
        raise BlobsGone(gone)


def _sync_all(folder: Path) -> None:
    for inside, _, _ in os.walk(folder, topdown=False):
        Path(inside).chmod(_OURS)
        sync_folder(Path(inside))


def _show(aside: Path, target: Path) -> None:
    for folder in (target.parent.parent, target.parent):
        folder.mkdir(_OURS, exist_ok=True)
    try:
        aside.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        return  # another worker showed this revision first; they are equal
    sync_folder(target.parent)


def _listed(entry: os.DirEntry[str], inside: tuple[str, ...]) -> Listed | None:
    """None when it went meanwhile: a box that is meant to be written into is its user's to tidy."""
    path = "/".join((*inside, entry.name))
    if entry.is_dir(follow_symlinks=False):
        return Listed(entry.name, path, "folder", None)
    with suppress(FileNotFoundError):
        return Listed(entry.name, path, "file", entry.stat(follow_symlinks=False).st_size)
    return None


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except FileNotFoundError:
        return []


def _named(path: Path) -> tuple[str, str, int]:
    return path.parts[-3], path.parts[-2], int(path.name)


def _changed(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_ctime, UTC)  # a rename sets ctime, not mtime
    except FileNotFoundError:
        return datetime.max.replace(tzinfo=UTC)
