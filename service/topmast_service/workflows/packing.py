"""A staged bundle as one archive: which files go into it, and where their bytes and checksums are."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK
from topmast_service.staging import tar_layout, zip_layout
from topmast_service.staging.durable import digest_of, digest_once
from topmast_service.staging.packed import Contents, Layout, Measured, Member, PackedFile, measure
from topmast_service.staging.tree import Trees
from topmast_service.store.tables import Table

LAYOUTS: Mapping[str, Layout] = {"zip": zip_layout.parts, "tar": tar_layout.parts}
"""The kinds of archives there are."""

Closed = Callable[[], frozenset[str]]
"""The paths in a box that somebody may not have, now."""

LOOK_AGAIN = 300.0
"""Seconds after which that is asked again while an archive is read."""

_CELLS = ("path", "size", "sha256", "crc32")


@dataclass(frozen=True)
class Packed:
    """An archive: its length in bytes, its ETag, and how to read it from any byte on."""

    length: int
    etag: str
    open: Callable[[], PackedFile]


def pack(kind: str, bundle: Job, trees: Trees, manifest: Table, closed: Closed) -> Packed:
    """A published bundle's current revision as an archive of this kind; no file's bytes are read for it.

    Parameters
    ----------
    manifest
        The manifest of that revision: its delivered rows are the members, behind the box's own files.
    closed
        Says which paths its reader may not have: these are left out. It is asked again while the archive is read.

    Raises
    ------
    Expired
        The manifest is gone.
    FileNotFoundError
        The box is.
    """
    revision = bundle.owner, bundle.id, bundle.revision or 0
    box, find = trees.path(*revision), partial(trees.find, *revision)
    shut = closed()
    members = _Members(manifest.path, _own(box, trees, manifest), shut)
    moment = (bundle.published_at or bundle.created).astimezone(UTC)

    def contents() -> Contents:
        still = _Still(closed, shut)
        return Contents(bundle.id, moment, members, _Files(find, still).open, partial(_crc32, box))

    length, etag = _measured(kind, bundle.id, moment, members)
    return Packed(length, etag, lambda: PackedFile(LAYOUTS[kind], contents()))


@dataclass(frozen=True)
class _Members:
    """The box's own files, then what was delivered, walked as often as needed and never held.

    The checksums come first, so that what arrives before a break can be judged.
    """

    table: Path
    own: tuple[Member, ...]
    closed: frozenset[str]

    def __iter__(self) -> Iterator[Member]:
        yield from self.own
        for row in Table(self.table).rows("status = ?", OK, only=_CELLS):
            if row["path"] not in self.closed:
                yield Member(row["path"], row["size"], row["sha256"], row.get("crc32"))


class _Still:
    """Whether the reader may still have what they could have at the beginning; a large archive takes hours."""

    def __init__(self, closed: Closed, at_first: frozenset[str]) -> None:
        self._closed, self._at_first = closed, at_first
        self._looked = time.monotonic()

    def check(self) -> None:
        """Now and then, before a file is opened.

        Raises
        ------
        FileNotFoundError
            Something is closed by now. The transfer ends, as it does when a file is gone.
        """
        if time.monotonic() - self._looked < LOOK_AGAIN:
            return
        self._looked = time.monotonic()
        if self._closed() - self._at_first:
            raise FileNotFoundError("MAST no longer gives all of it to its reader")


class _Files:
    """Opens files of one box for one reader; a folder is looked at once for all that it holds."""

    def __init__(self, find: Callable[[str], Path], still: _Still) -> None:
        self._find, self._still = find, still
        self._name, self._folder = "", find("")

    def open(self, member: Member) -> BinaryIO:
        self._still.check()
        name, _, file = member.path.rpartition("/")
        if name != self._name:
            self._name, self._folder = name, self._find(name)
        return FileIO(f"{self._folder}/{file}", opener=_no_link)  # a Path would be a tenth of a small file's cost


def _no_link(path: str, flags: int) -> int:
    """Our trees hold no links; what is one may lead anywhere."""
    return os.open(path, flags | os.O_NOFOLLOW)


def _own(box: Path, trees: Trees, manifest: Table) -> tuple[Member, ...]:
    """What lies at the top of the box and is no product: the manifest's pages, the checksums, and what is added."""
    products = {row["path"] for row in manifest.rows("status = ? AND instr(path, '/') = 0", OK, only=("path",))}
    names = [entry.name for entry in trees.listing(box) if entry.type == "file" and entry.name not in products]
    return tuple(_own_file(box, name) for name in names)


def _own_file(box: Path, name: str) -> Member:
    digest = digest_once(box / name)
    return Member(name, (box / name).stat().st_size, digest.sha256, digest.crc32)


@lru_cache(maxsize=64)
def _measured(kind: str, folder: str, moment: datetime, members: _Members) -> Measured:
    """Kept, since a revision never changes; whoever fetches an archive in pieces asks for each."""
    return measure(kind, LAYOUTS[kind], Contents(folder, moment, members, _never, _never))


def _never(member: Member) -> Any:
    raise AssertionError(f"{member.path} is not needed to measure")


def _crc32(box: Path, member: Member) -> int:
    return _crc32_of(str(box / member.path)) if member.crc32 is None else member.crc32


@lru_cache(maxsize=100_000)
def _crc32_of(path: str) -> int:
    """Where an earlier release wrote none into the manifest: read once, for the directory of a zip says it again."""
    return digest_of(Path(path)).crc32
