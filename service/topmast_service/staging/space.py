"""Room on the disk: what lies in the cache, what may go, and what is left of transfers that nobody continues."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from topmast_service.staging.disk import Disk, disk_of
from topmast_service.staging.part import PartBusy, lock_part
from topmast_service.staging.shelf import Shelf, uri_of

FOLDERS = tuple(f"{number:02x}" for number in range(256))
"""The folders of ``blobs/`` and of ``index/``: the first two digits of a hash."""

_LEFT_OVER = 3600.0  # seconds; a file aside that is so old belongs to a process that was killed


@dataclass(frozen=True)
class Blob:
    """One file of the cache. `pinned`: it has another name too, in a staged tree, and its bytes stay anyway."""

    sha256: str
    size: int
    pinned: bool


class Space:
    """The cache's folder, seen by whoever tidies it. Safe beside any number of transfers.

    Parameters
    ----------
    root
        The cache's folder; it need not be there yet.
    """

    def __init__(self, root: Path) -> None:
        self._shelf = Shelf(root)
        self._root = root

    def disk(self) -> Disk:
        """The filesystem that the cache is on."""
        return disk_of(self._root)

    def blobs(self, folder: str) -> Iterator[Blob]:
        """The blobs whose hash begins with `folder`."""
        with suppress(FileNotFoundError), os.scandir(self._root / "blobs" / folder) as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    yield Blob(entry.name, status.st_size, status.st_nlink > 1)

    def blob(self, sha256: str) -> Blob | None:
        """One of them; None when it is gone."""
        try:
            status = self._shelf.blob(sha256).stat()
        except FileNotFoundError:
            return None
        return Blob(sha256, status.st_size, status.st_nlink > 1)

    def indexed(self, folder: str) -> Iterator[tuple[str, list[str]]]:
        """Each dataURI that a folder's index files name, with the hashes of its versions."""
        for path in sorted((self._root / "index" / folder).glob("*.json")):
            if uri := uri_of(path):
                yield uri, [version.sha256 for version in self._shelf.versions(uri)]

    def evict(self, sha256: str) -> int | None:
        """Remove a blob unless it is pinned.

        A link made between the look and the removal keeps its bytes: only the cache's own name goes, which is a miss.

        Returns
        -------
        int or None
            Bytes given back (0: it was gone already); None when it is pinned.
        """
        blob = self._shelf.blob(sha256)
        try:
            status = blob.stat()
            if status.st_nlink > 1:
                return None
            blob.unlink()
        except FileNotFoundError:
            return 0
        return status.st_size

    def tidy_index(self, folder: str) -> bool:
        """Drop from a folder's index files the versions whose bytes are gone; False if one was busy.

        Each under its dataURI's lock, so that a fetch that commits meanwhile is not forgotten.
        """
        whole = True
        for path in sorted((self._root / "index" / folder).glob("*.json")):
            uri = uri_of(path)
            if uri is None or not self._shelf.names_gone(uri):
                continue
            try:
                with locked(self._shelf.part(uri)):
                    self._shelf.drop_gone(uri)
            except PartBusy:
                whole = False
        _remove_left_overs(self._root / "index" / folder)
        return whole

    def drop_parts(self, wanted: Callable[[str], bool]) -> int:
        """Remove the .parts that nobody holds and that `wanted` denies, given their dataURI; returns how many."""
        folder = self._root / "parts"
        names = {path.with_suffix(".part") for path in folder.glob("*") if path.suffix in {".part", ".json"}}
        _remove_left_overs(folder)
        return sum(self._drop_part(path, wanted) for path in sorted(names))

    def _drop_part(self, path: Path, wanted: Callable[[str], bool]) -> bool:
        sidecar = path.with_suffix(".json")
        try:
            with locked(path):
                uri = uri_of(sidecar)
                if uri is not None and path.stat().st_size and wanted(uri):
                    return False
                sidecar.unlink(missing_ok=True)
                path.unlink()
        except PartBusy:
            return False
        return True


@contextmanager
def locked(part: Path) -> Iterator[None]:
    """The lock of a dataURI, without a wait; leaves no empty .part behind."""
    descriptor = lock_part(part, 0)
    try:
        yield
        # Removed meanwhile, by us: what is there now under this name is somebody else's.
        with suppress(FileNotFoundError):
            if os.path.samestat(mine := os.fstat(descriptor), part.stat()) and not mine.st_size:
                part.with_suffix(".json").unlink(missing_ok=True)
                part.unlink()
    finally:
        os.close(descriptor)


def _remove_left_overs(folder: Path) -> None:
    """Files aside (`durable.replace_file`) of processes that were killed while writing them."""
    for path in folder.glob("*.tmp"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _LEFT_OVER:
                path.unlink()
