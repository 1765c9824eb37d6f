"""A transfer under way: bytes so far, where they came from, and the step that makes them a version.

What keeps a wrong byte out: only the holder of the flock writes; the lock is held until the rename; what is resumed
is hashed again from disk; what may not have reached the disk before a power cut is not trusted.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from topmast_service.domain.token import needs_token
from topmast_service.errors import DiskFull
from topmast_service.staging import content
from topmast_service.staging.content import Unsound
from topmast_service.staging.durable import Digest, digest_of, replace_file, telling_disk_full
from topmast_service.staging.shelf import Shelf
from topmast_service.staging.version import STRONG, WEAK, Origin, Version

_LOOK_EVERY = 16 << 20  # bytes between two looks at the disk: on a network filesystem each is a question
_POLL = 0.05  # seconds between tries for a lock: flock itself knows no time limit
_WORTH = 64 << 10  # bytes from which on a .part says where it came from: less is sooner fetched than compared


class PartBusy(Exception):
    """Another process or thread is fetching this dataURI and did not finish within the wait."""


def lock_part(path: Path, wait: float) -> int:
    """Open and lock a .part file; the kernel lets go of the lock when its holder dies, SIGKILL included.

    Raises
    ------
    PartBusy
        Somebody else held it for all of `wait` seconds.
    """
    deadline = time.monotonic() + wait
    while True:
        descriptor = _try_lock(path)
        if descriptor is not None:
            return descriptor
        if time.monotonic() >= deadline:
            raise PartBusy(path.name)
        time.sleep(_POLL)


def _try_lock(path: Path) -> int | None:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The holder may have renamed the file to its blob meanwhile: then this lock is one on a finished blob, which
        # nobody may ever write to.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


class Part:
    """The .part of one dataURI, locked by us. Made by `Cache.open_part` only.

    Attributes
    ----------
    size
        Bytes so far.
    origin
        What the server said of the bytes so far; None when nothing is known, and then `size` is 0.
    """

    def __init__(self, uri: str, shelf: Shelf, descriptor: int) -> None:
        self.uri = uri
        self.origin: Origin | None = None
        self.size = 0
        self._shelf = shelf
        self._descriptor = descriptor
        self._path = shelf.part(uri)
        self._sidecar = self._path.with_suffix(".json")
        self._digest: Digest | None = Digest()
        self._weak = False
        self._described = False  # by a sidecar
        self._open = True  # False once there is no .part of ours any more
        self._load()

    def restart(self, origin: Origin) -> None:
        """Forget the bytes so far; what comes next is `origin` from its first byte. Raises `DiskFull`."""
        if self.size:
            os.ftruncate(self._descriptor, 0)
        self._drop_sidecar()  # before the first byte of another origin
        self.size, self._digest, self._weak = 0, Digest(), False
        self._shelf.require_room(origin.total or 0)
        self.origin = origin

    def resume(self, total: int) -> None:
        """Go on where the bytes end; the whole file has `total` bytes.

        Without a validator nothing proves that the new bytes belong to the old ones: the version is marked so.
        """
        self.origin = replace(self.origin or Origin(), total=total)
        self._weak = self.origin.validator is None
        self._save(synced=0)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes so far, as they are on disk."""
        return os.pread(self._descriptor, min(length, max(0, self.size - offset)), offset)

    def append(self, chunk: bytes) -> None:
        """Add the next bytes.

        Raises
        ------
        DiskFull
            The bytes so far are given up, because a full disk stops Redis too, and these can be had again.
        """
        digest = self._rehashed()
        left = memoryview(chunk)
        try:
            self._look_for_room(len(left))
            while left:
                with telling_disk_full():
                    written = os.pwrite(self._descriptor, left, self.size)
                digest.update(left[:written])
                self.size += written
                left = left[written:]
            if self.size > _WORTH and not self._described:
                self._save(synced=0)
        except DiskFull:
            self.discard()
            raise

    def commit(self, now: datetime, expected_size: int | None = None, *, exclusive: bool = False) -> Version:
        """Check the bytes and make them the newest version of their dataURI.

        Parameters
        ----------
        now
            When the last byte came.
        expected_size
            The catalogue's size in bytes; a hint that counts only where nothing else shows where the file ends.
        exclusive
            It came with somebody's token.

        Raises
        ------
        Unsound
            They are not what was announced. Nothing of them is kept.
        DiskFull
            They are kept for the next try.
        """
        version = replace(self._checked(now, expected_size), exclusive=exclusive)
        with telling_disk_full():
            os.fsync(self._descriptor)
        # The index first: until the rename it names a blob that is not there, which every reader takes for a miss.
        # The other way round, whoever locks the next .part in between would not see this version.
        self._shelf.record(_shelved_as(self.uri), version)
        self._drop_sidecar()
        self._place(self._shelf.blob(version.sha256), version)
        self._open = False
        return version

    def discard(self) -> None:
        """Remove the .part, still under its lock."""
        self._drop_sidecar()
        self._path.unlink(missing_ok=True)
        self._open, self.size, self.origin = False, 0, None

    def close(self) -> None:
        """Leave the bytes for whoever resumes, on disk for certain, and unlock."""
        try:
            if self._open and self.size > _WORTH:
                self._settle()
            elif self._open:
                self.discard()
        finally:
            os.close(self._descriptor)

    def _look_for_room(self, size: int) -> None:
        if self.size // _LOOK_EVERY != (self.size + size) // _LOOK_EVERY:
            self._shelf.require_room(size)

    def _settle(self) -> None:
        try:
            os.fsync(self._descriptor)
            self._save(synced=self.size)
        except (OSError, DiskFull):  # after a failed fsync the kernel may hold other bytes than the disk
            self.discard()

    def _checked(self, now: datetime, expected_size: int | None) -> Version:
        origin = self.origin or Origin()
        ended = origin.framed or origin.total is not None
        try:
            if origin.total not in (None, self.size):
                raise Unsound(f"has {self.size} bytes instead of {origin.total}")
            found = content.inspect(self._path, self.uri)
            if not (ended or found.whole or self.size == expected_size):
                raise Unsound("came without a length and may be cut")
        except Unsound:
            self.restart(Origin())
            raise
        digest = self._rehashed()
        return Version(
            sha256=digest.sha256,
            size=self.size,
            crc32=digest.crc32,
            etag=origin.etag,
            last_modified=origin.last_modified,
            validator=origin.validator,
            media_type=origin.media_type,
            fetched_at=now,
            checked_at=now,
            cal_ver=found.cal_ver,
            crds_ctx=found.crds_ctx,
            date=found.date,
            verified=WEAK if self._weak or not ended else STRONG,
        )

    def _place(self, blob: Path, version: Version) -> None:
        if _holds(blob, version):  # the same bytes under another dataURI, or reprocessed into the same
            self._path.unlink()  # whoever may have them under either name may have them: the shelf has opened them
            return
        try:
            self._path.rename(blob)
        except FileNotFoundError:
            blob.parent.mkdir(parents=True, exist_ok=True)
            self._path.rename(blob)
        # The folder is not synced: a name that a power cut takes back is a miss, and a sync costs 10 ms per file.
        os.fchmod(self._descriptor, self._shelf.blob_mode(version))

    def _rehashed(self) -> Digest:
        if self._digest is None:
            self._digest = digest_of(self._path)
        return self._digest

    def _load(self) -> None:
        size = os.fstat(self._descriptor).st_size
        try:
            text = self._sidecar.read_bytes()
            self._described = True
            record = json.loads(text)
            trusted = size if record["boot"] == _boot() else min(size, int(record["synced"]))
            self.origin = Origin(**record["origin"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            trusted = 0
        if trusted != size:
            os.ftruncate(self._descriptor, trusted)
        self.size = trusted
        if trusted:
            self._digest = None
        else:
            self.origin = None

    def _save(self, synced: int) -> None:
        record: dict[str, Any] = {"uri": self.uri, "synced": synced, "boot": _boot()}
        record["origin"] = asdict(self.origin or Origin())
        # Not synced: one that a power cut spoilt only means that the bytes beside it are not trusted.
        replace_file(self._sidecar, json.dumps(record).encode(), sync=False)
        self._described = True

    def _drop_sidecar(self) -> None:
        if self._described:
            self._sidecar.unlink(missing_ok=True)
            self._described = False


def _shelved_as(uri: str) -> str:
    """The name that the index knows a version by. What one user's token opened is found by nobody who asks for it.

    (The index still knows its blob, which whoever fetched it links, and eviction removes in its turn.)
    """
    return f"{uri}#fetched-with-a-token" if needs_token(uri) else uri


def _holds(blob: Path, version: Version) -> bool:
    try:
        return blob.stat().st_size == version.size and digest_of(blob).sha256 == version.sha256
    except FileNotFoundError:
        return False


def _boot() -> str:
    """Which run of the machine this is: a .part from an earlier one may lack bytes that were never written out."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
