"""Files on disk as a layout sees them, without a service around them."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from topmast_service.staging.packed import Contents, Member, PackedFile
from topmast_service.workflows.packing import LAYOUTS

FOLDER = "b_0123456789abcdef"
MOMENT = datetime(2026, 7, 1, 12, 34, 56, tzinfo=UTC)
KINDS = [*LAYOUTS]
CHUNK = 1 << 16


@dataclass(frozen=True)
class Files:
    """Files with numbers for names: what a member is called is of no concern to the disk here."""

    root: Path

    def contents(self, files: Mapping[str, bytes]) -> Contents:
        """These files, by their paths in the box."""
        members = []
        for number, (path, content) in enumerate(files.items()):
            (self.root / str(number)).write_bytes(content)
            members.append(Member(path, len(content), str(number), zlib.crc32(content)))
        return self.of(members)

    def of(self, members: Iterable[Member]) -> Contents:
        """Members whose `sha256` is the name of their file."""
        return Contents(FOLDER, MOMENT, members, self.open, lambda member: member.crc32 or 0)

    def open(self, member: Member) -> BinaryIO:
        return (self.root / member.sha256).open("rb")


def whole(kind: str, contents: Contents) -> bytes:
    """All bytes of an archive."""
    return read(PackedFile(LAYOUTS[kind], contents))


def read(file: PackedFile, start: int = 0, stop: int | None = None) -> bytes:
    """The bytes from `start` to before `stop`."""
    file.seek(start)
    pieces, left = [], CHUNK if stop is None else stop - start
    while left > 0 and (piece := file.read(min(left, CHUNK))):
        pieces.append(piece)
        left = left if stop is None else left - len(piece)
    file.close()
    return b"".join(pieces)


def write(kind: str, contents: Contents, target: Path) -> Path:
    """An archive as a file of its own, sparse where it is zeros, so that one of gigabytes costs nothing."""
    file = PackedFile(LAYOUTS[kind], contents)
    with target.open("wb") as into:
        while piece := file.read(1 << 20):
            if piece.count(0) == len(piece):
                into.seek(len(piece), 1)
            else:
                into.write(piece)
        into.truncate()
    return target


def inside(kind: str, packed: bytes) -> dict[str, bytes]:
    """Every file with its name in the archive."""
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(packed)) as opened:
            return {name: opened.read(name) for name in opened.namelist()}
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as opened_tar:
        return {m.name: opened_tar.extractfile(m).read() for m in opened_tar}  # type: ignore[union-attr]
