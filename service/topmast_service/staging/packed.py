"""A box as one file that lies nowhere: made while it is read, from any byte on, in the memory of one piece.

No library gives random access to an archive that does not exist yet. With the sizes and checksums known beforehand a
*layout* (`zip_layout`, `tar_layout`) is plain arithmetic: a line of parts, each with its length, and each made only if
somebody wants its bytes.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, NamedTuple

from topmast_service.errors import NoSuchFile
from topmast_service.staging.tree import inside

FORM = 1
"""To be raised with every change of a layout's bytes: who resumes an older download must not get a mixture."""


class Member(NamedTuple):
    """One file: its path in the box, its size in bytes and its checksums; `crc32` is None where it is not known."""

    path: str
    size: int
    sha256: str
    crc32: int | None = None


@dataclass(frozen=True)
class Contents:
    """What is packed.

    Attributes
    ----------
    folder
        Everything lies in it, so that unpacking makes one directory.
    moment
        The time of every file: the same contents are the same bytes, wherever they are packed.
    members
        Walked as often as needed and never held: a box may have 70,000.
    open
        A file's bytes; raises OSError or NoSuchFile when it is gone.
    crc32
        Zip's checksum of a file; asked for only when its bytes are wanted.
    """

    folder: str
    moment: datetime
    members: Iterable[Member]
    open: Callable[[Member], BinaryIO]
    crc32: Callable[[Member], int]

    def named(self) -> Iterator[tuple[str, Member]]:
        """Each member behind its name in the archive.

        Raises
        ------
        ValueError
            A path leads out of the folder. ("Zip slip": unpackers have followed such names.)
        """
        for member in self.members:
            yield f"{self.folder}/{inside(member.path)}", member


class Part(NamedTuple):
    """So many bytes, of a file or of what `source` makes."""

    length: int
    source: Member | Callable[[], bytes]


Layout = Callable[[Contents], Iterator[Part]]


class Measured(NamedTuple):
    """An archive's length in bytes, and its ETag: two archives with one ETag are equal to the byte."""

    length: int
    etag: str


class Broken(Exception):
    """A file is gone or is not what the layout counted on. Nothing can be sent in its place: the transfer must end."""


def measure(kind: str, layout: Layout, contents: Contents) -> Measured:
    """What can be told of an archive without reading a file.

    The ETag says what kind of archive it is of: it is no SHA-256 of the whole, which nobody knows.
    """
    digest = hashlib.sha256(f"{kind} {FORM} {contents.folder} {int(contents.moment.timestamp())}\n".encode())
    for name, member in contents.named():
        digest.update(f"{member.size} {member.sha256} {name}\n".encode())
    return Measured(sum(part.length for part in layout(contents)), f"{kind}-{digest.hexdigest()[:40]}")


class PackedFile:
    """An archive, read as if it were a file."""

    def __init__(self, layout: Layout, contents: Contents) -> None:
        self._layout = layout
        self._contents = contents
        self.seek(0)

    def seek(self, offset: int) -> None:
        """Go to a byte: what stands before it is counted, not made."""
        self._at = offset
        self._sources = self._from(offset)
        self._source: BinaryIO = io.BytesIO()
        self._left = 0

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def read(self, size: int) -> bytes:
        """The next bytes: `size` of them, less only at the end.

        Raises
        ------
        Broken
            A file is gone, or shorter or longer than it was.
        """
        pieces, left = [], size
        while left and (self._left or self._advance()):
            pieces.append(self._some(left))
            left -= len(pieces[-1])
        self._at += size - left
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Close what is open."""
        self._source.close()
        self._sources.close()
        self._left = 0

    def _some(self, most: int) -> bytes:
        try:
            piece = self._source.read(min(most, self._left))
        except OSError as error:
            raise Broken(f"byte {self._at} cannot be read: {error}") from error
        if not piece:
            raise Broken(f"a file ended {self._left} bytes too early")
        self._left -= len(piece)
        return piece

    def _advance(self) -> bool:
        """Go on to the next part that has bytes; False behind the last one."""
        self._source.close()
        self._source, self._left = next(self._sources, (self._source, 0))
        return self._left > 0

    def _from(self, offset: int) -> Generator[tuple[BinaryIO, int], None, None]:
        """What is open at `offset`, then each part behind it, with the bytes that are left of it."""
        end = 0
        for length, source in self._layout(self._contents):
            end += length
            if length and end > offset:
                opened = self._opened(source, length)
                opened.seek(max(0, offset - (end - length)))
                yield opened, min(length, end - offset)

    def _opened(self, source: Member | Callable[[], bytes], length: int) -> BinaryIO:
        try:
            file = self._contents.open(source) if isinstance(source, Member) else io.BytesIO(source())
        except (OSError, NoSuchFile) as error:
            raise Broken(f"byte {self._at} cannot be made: {error}") from error
        if (found := file.seek(0, io.SEEK_END)) != length:
            file.close()
            raise Broken(f"byte {self._at} is of a file that has {found} bytes instead of {length}")
        return file
