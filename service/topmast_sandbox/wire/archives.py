"""Zip and tar.gz of many files, made while they are sent: memory holds one chunk.

Sandbox's guess: the layout inside, a folder ``MAST_<time>`` with the files and MANIFEST.HTML.
"""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime

Member = tuple[str, int, datetime, Iterable[bytes]]  # path, size, time, content


class _Sink(io.RawIOBase):
    """What an archive writer writes into, and we take out of again."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # any buffer; writers here send bytes
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """Yield a zip archive; files are stored, for FITS hardly shrinks."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for path, size, when, content in members:
            info = zipfile.ZipInfo(path, when.timetuple()[:6])
            with archive.open(info, "w", force_zip64=size >= 2**31) as entry:
                for chunk in content:
                    entry.write(chunk)
                    yield sink.take()
    yield sink.take()


def tarred(members: Iterable[Member]) -> Iterator[bytes]:
    """Yield a gzipped tar archive. The blocks are written here: tarfile would read a member at once."""
    sink = _Sink()
    with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=1) as archive:
        for path, size, when, content in members:
            info = tarfile.TarInfo(path)
            info.size, info.mtime = size, int(when.timestamp())
            archive.write(info.tobuf(tarfile.PAX_FORMAT))
            for chunk in content:
                archive.write(chunk)
                yield sink.take()
            archive.write(bytes(-size % tarfile.BLOCKSIZE))
        archive.write(bytes(2 * tarfile.BLOCKSIZE))
    yield sink.take()
