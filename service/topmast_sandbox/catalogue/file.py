"""A file of the sandbox, as a download, a HEAD or a listing sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from topmast_sandbox.catalogue import segments
from topmast_sandbox.catalogue.segments import Segment

MEDIA_TYPES = {
    "fits": "application/fits",
    "json": "application/json",
    "csv": "text/csv",
    "ecsv": "text/plain",
    "jpg": "image/jpeg",
    "png": "image/png",
}


def media_type(filename: str) -> str:
    """Content-Type for a file name, by its extension."""
    return MEDIA_TYPES.get(filename.rpartition(".")[2], "application/octet-stream")


@dataclass(frozen=True)
class File:
    """One file of the archive, of one generation.

    Attributes
    ----------
    uri
        dataURI, e.g. ``mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits``.
    size, listed_size
        True length in bytes, and what listings claim; they differ only after a reprocess event.
    etag
        Strong validator without its quotes; changes with every generation.
    modified
        When this generation was archived, aware UTC, whole seconds.
    rights
        ``PUBLIC``, ``EXCLUSIVE_ACCESS`` or ``RESTRICTED``, as listings say at the sandbox's time; None is unknown.
    release_mjd
        Release date, MJD days; None where MAST has none (planned rows, some other missions).
    """

    uri: str
    filename: str
    size: int
    listed_size: int
    etag: str
    modified: datetime
    program: str
    rights: str | None
    release_mjd: float | None
    media_type: str
    body: Callable[[], Sequence[Segment]] = field(repr=False, compare=False)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes [start, stop), in chunks of 256 KiB, the last one shorter; any range is cheap.

        `stop` beyond the end (or None) means the end.
        """
        end = self.size if stop is None else min(stop, self.size)
        return segments.read(self.body(), start, end)
