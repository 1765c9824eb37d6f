"""A staged bundle as one archive: which files go into it, and where their bytes and checksums are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

from topmast_service.domain.access import PUBLIC
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK
from topmast_service.staging import tar_layout, zip_layout
from topmast_service.staging.durable import digest_of, digest_once
from topmast_service.staging.packed import Contents, Layout, Measured, Member, PackedFile, measure
from topmast_service.staging.tree import Trees
from topmast_service.store.tables import Table

LAYOUTS: Mapping[str, Layout] = {"zip": zip_layout.parts, "tar": tar_layout.parts}
"""The kinds of archives there are."""

_CELLS = ("path", "size", "sha256", "crc32")


@dataclass(frozen=True)
class Packed:
    """An archive: its length in bytes, its ETag, and how to read it from any byte on."""

    length: int
    etag: str
    open: Callable[[], PackedFile]


def pack(kind: str, bundle: Job, trees: Trees, manifest: Table, *, public: bool = False) -> Packed:
    """A published bundle's current revision as an archive of this kind; no file's bytes are read for it.

    Parameters
    ----------
    manifest
        The manifest of that revision: its delivered rows are the members, behind the box's own files.
    public
        Only what anybody may have: for whoever comes with a link and no key.

    Raises
    ------
    Expired
        The manifest is gone.
    FileNotFoundError
        The box is.
    """
    revision = bundle.owner, bundle.id, bundle.revision or 0
    box, find = trees.path(*revision), partial(trees.find, *revision)
    members = _Members(manifest.path, _own(box, trees, manifest), public)
    moment = (bundle.published_at or bundle.created).astimezone(UTC)

    def contents() -> Contents:
        return Contents(bundle.id, moment, members, _Files(find).open, partial(_crc32, box))

    length, etag = _measured(kind, bundle.id, moment, members)
    return Packed(length, etag, lambda: PackedFile(LAYOUTS[kind], contents()))


@dataclass(frozen=True)
class _Members:
    """The box's own files, then what was delivered, walked as often as needed and never held.

    The checksums come first, so that what arrives before a break can be judged.
    """

    table: Path
    own: tuple[Member, ...]
    public: bool

    def __iter__(self) -> Iterator[Member]:
        yield from self.own
        fits, values = ("status = ? AND access = ?", (OK, PUBLIC)) if self.public else ("status = ?", (OK,))
        for row in Table(self.table).rows(fits, *values, only=_CELLS):
            yield Member(row["path"], row["size"], row["sha256"], row.get("crc32"))


class _Files:
    """Opens files of one box for one reader; a folder is looked at once for all that it holds."""

    def __init__(self, find: Callable[[str], Path]) -> None:
        self._find = find
        self._name, self._folder = "", find("")

    def open(self, member: Member) -> BinaryIO:
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
