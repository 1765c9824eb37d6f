"""Every file once: dataURI → versions → bytes, for everybody who asks."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from topmast_service.staging.disk import require_room
from topmast_service.staging.durable import digest_of, telling_disk_full
from topmast_service.staging.part import Part, lock_part
from topmast_service.staging.pouring import cloned, poured
from topmast_service.staging.shelf import Shelf
from topmast_service.staging.version import Version

# Another filesystem; too many links on one file (ext4: 65,000); a filesystem without hardlinks.
_NO_LINK = frozenset({errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP})


class Cache:
    """The cache on disk. Any number of processes may hold one on the same folder.

    Parameters
    ----------
    root
        The folder; it is made when the first file comes.
    keep_free
        Bytes of the disk that transfers and copies leave free; -1 for a share of it (`disk.floor_of`).
    """

    def __init__(self, root: Path, keep_free: int = 0) -> None:
        self._shelf = Shelf(root, keep_free)
        self._keep_free = keep_free

    def newest(self, uri: str, *, proven: bool = False) -> Version | None:
        """The newest version of a dataURI, or None when there is none or its bytes are gone or cut.

        Parameters
        ----------
        proven
            Whoever asks has proven that they may have it (`workflows.rights`). Else what came with a token does not
            exist: nobody finds it by forgetting to ask.
        """
        versions = [version for version in self._shelf.versions(uri) if proven or not version.exclusive]
        if not versions or not self._has(versions[-1]):
            return None
        return versions[-1]

    def versions(self, uri: str) -> list[Version]:
        """All versions ever fetched of a dataURI, newest last, also those whose bytes are gone, or exclusive."""
        return self._shelf.versions(uri)

    def path(self, version: Version) -> Path:
        """The bytes of a version, read-only. They may go at any time: link them to keep them."""
        return self._shelf.blob(version.sha256)

    def link(self, version: Version, destination: Path) -> bool:
        """Put a version's bytes at `destination` without copying them where the filesystem can.

        The link is the pin: linked bytes stay whatever happens to the cache.

        Returns
        -------
        bool
            False when the bytes are gone: a miss, to be fetched again.

        Raises
        ------
        FileExistsError
            Something is at `destination`.
        DiskFull
            Nothing is left at `destination`.
        """
        blob = self._shelf.blob(version.sha256)
        with telling_disk_full():
            try:
                _link(blob, destination)
            except FileNotFoundError:
                return False
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                return self._copied(version, destination, self._shelf.blob_mode(version))
        return True

    def copy(self, version: Version, destination: Path) -> bool:
        """Put a version's bytes at `destination` as a writable file of its own: whoever writes to it changes no other.

        Where the filesystem can (btrfs, XFS), both share their blocks until one is written to. A copy is no pin: the
        cache may let the version go.

        Returns
        -------
        bool
            False when the bytes are gone: a miss, to be fetched again.

        Raises
        ------
        FileExistsError
            Something is at `destination`.
        DiskFull
            Nothing is left at `destination`.
        """
        destination.parent.mkdir(parents=True, exist_ok=True)
        with telling_disk_full():
            mode = self._shelf.blob_mode(version) | 0o200
            if cloned(self._shelf.blob(version.sha256), destination, mode):
                return True
            require_room(destination.parent, version.size, self._keep_free)
            return self._copied(version, destination, mode)

    def _copied(self, version: Version, destination: Path, mode: int) -> bool:
        blob = self._shelf.blob(version.sha256)
        if not poured(blob, destination, mode):
            return False
        if digest_of(destination).sha256 == version.sha256:
            return True
        # The cached bytes have gone bad: without them the next request is a miss and brings good ones.
        destination.unlink()
        blob.unlink(missing_ok=True)
        return False

    @contextmanager
    def open_part(self, uri: str, *, wait: float) -> Iterator[Part]:
        """The lock on a dataURI, and its transfer under way: one flight at a time, over threads and processes.

        Parameters
        ----------
        wait
            Seconds to wait for whoever has it.

        Raises
        ------
        PartBusy
            They kept it longer.
        """
        with telling_disk_full():
            descriptor = lock_part(self._shelf.part(uri), wait)
        try:
            part = Part(uri, self._shelf, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        try:
            yield part
        finally:
            part.close()

    def is_public(self, uri: str, sha256: str) -> bool:
        """Whether these bytes of a dataURI are known to be for everybody."""
        return any(one.sha256 == sha256 and not one.exclusive for one in self._shelf.versions(uri))

    def release(self, uri: str) -> None:
        """MAST gives the dataURI to everybody: so are all its versions. Only under `open_part` of the same dataURI."""
        versions = self._shelf.versions(uri)
        if any(version.exclusive for version in versions):
            self._shelf.record(uri, versions[-1].released())

    def touch(self, uri: str, version: Version, now: datetime, *, exclusive: bool = False) -> Version:
        """Note that `version` was MAST's current one at `now`. Only under `open_part` of the same dataURI.

        Parameters
        ----------
        exclusive
            MAST was asked with a token, so that its answer says nothing of everybody else.
        """
        confirmed = version.confirmed(now)
        if not exclusive:
            confirmed = confirmed.released()
        self._shelf.record(uri, confirmed)
        return confirmed

    def _has(self, version: Version) -> bool:
        try:
            return self.path(version).stat().st_size == version.size
        except FileNotFoundError:
            return False


def _link(blob: Path, destination: Path) -> None:
    try:
        os.link(blob, destination)
    except FileNotFoundError:  # the folder is missing, or the blob: most files come into a folder that is there
        destination.parent.mkdir(parents=True, exist_ok=True)
        os.link(blob, destination)
