"""Files that a group already has, taken into the cache; the source stays as and where it is."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from topmast_service.staging import content
from topmast_service.staging.cache import Cache
from topmast_service.staging.content import Unsound
from topmast_service.staging.durable import digest_of, telling_disk_full
from topmast_service.staging.part import Part
from topmast_service.staging.shelf import Shelf
from topmast_service.staging.version import WEAK, Origin, Version

_CHUNK = 1 << 20
_BUSY = 600.0  # seconds to wait for a transfer of the same file


class CannotLink(Exception):
    """The source cannot be shared with the cache; the message says why. A copy can be made instead."""


class Adoption:
    """Takes files in, beside any number of transfers.

    What is adopted is marked ``weak``: MAST gives no checksum, so nothing proves every byte between those compared.
    """

    def __init__(self, root: Path, keep_free: int = 0) -> None:
        self._cache = Cache(root, keep_free)
        self._shelf = Shelf(root, keep_free)

    def has(self, uri: str) -> bool:
        """Whether the cache holds some version of a dataURI already."""
        return self._cache.newest(uri) is not None

    def copy(self, uri: str, source: Path, origin: Origin, now: datetime) -> Version:
        """A copy of `source` as the newest version of `uri`; later writes to the source do not reach it.

        Raises
        ------
        Unsound
            It is not what its name says, not as long as `origin` says, or was written to while it was read.
        DiskFull
            Nothing is kept.
        PartBusy
            A transfer of the same file goes on.
        """
        with self._cache.open_part(uri, wait=_BUSY) as part:
            known = self._cache.newest(uri)
            if known:
                return known
            part.restart(origin)
            with source.open("rb") as file:
                _pour(file, part)
            return self._weak(uri, part.commit(now))

    def link(self, uri: str, source: Path, origin: Origin, now: datetime) -> Version:
        """`source` itself as the newest version of `uri`: no byte is copied, and it becomes read-only.

        Raises
        ------
        CannotLink
            It lies on another filesystem, belongs to another user, or its filesystem knows no links.
        Unsound, PartBusy
            As in `copy`.
        """
        with self._cache.open_part(uri, wait=_BUSY):
            known = self._cache.newest(uri)
            if known:
                return known
            # Read-only before it is hashed: what is open for writing elsewhere is found by the second look.
            _make_read_only(source)
            before = source.stat()
            version = _described(uri, source, origin, now)
            if _changed(before, source.stat()):
                raise Unsound("was written to while it was read")
            self._shelf.record(uri, version)
            self._place(source, version)
            return version

    def _place(self, source: Path, version: Version) -> None:
        blob = self._shelf.blob(version.sha256)
        blob.parent.mkdir(parents=True, exist_ok=True)
        try:
            with telling_disk_full(), suppress(FileExistsError):
                os.link(source, blob)
        except OSError as error:
            raise CannotLink(error.strerror or errno.errorcode.get(error.errno or 0, "no link")) from error

    def _weak(self, uri: str, version: Version) -> Version:
        weak = replace(version, verified=WEAK)
        self._shelf.record(uri, weak)
        return weak


def _pour(file: BinaryIO, part: Part) -> None:
    before = os.fstat(file.fileno())
    while chunk := file.read(_CHUNK):
        part.append(chunk)
    if _changed(before, os.fstat(file.fileno())):
        part.discard()
        raise Unsound("was written to while it was read")


def _make_read_only(source: Path) -> None:
    try:
        source.chmod(0o444)
    except OSError as error:
        raise CannotLink(error.strerror or "not ours") from error


def _described(uri: str, source: Path, origin: Origin, now: datetime) -> Version:
    found, digest, size = content.inspect(source, uri), digest_of(source), source.stat().st_size
    if origin.total not in (None, size):
        raise Unsound(f"has {size} bytes instead of {origin.total}")
    return Version(
        sha256=digest.sha256,
        size=size,
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
        verified=WEAK,
    )


def _changed(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
