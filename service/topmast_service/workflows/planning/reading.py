"""What is read of MAST's files while a bundle is planned: associations, pools and mappings whole, headers in part."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from topmast_service.archive.transfer import Downloads, TransferBroken, WrongRange
from topmast_service.domain import access
from topmast_service.errors import TransferFailed
from topmast_service.staging import fits
from topmast_service.staging.fits import Cards, NotFits
from topmast_service.staging.version import Version
from topmast_service.workflows.errand import Errand
from topmast_service.workflows.fetch import Elsewhere

HEADER_BLOCKS = 16
"""Blocks of 2,880 bytes asked for at first; headers of JWST have twelve to fifteen, and twice as many are next."""

MOST_BLOCKS = 512
_TRIES = 3


@dataclass(frozen=True)
class Reading:
    """Reads small files through the cache, so that the bundle's own copy costs nothing, and headers by Range.

    `errand` knows for whom: what only their token opens is read with it, and from the cache only if they may have it.
    `check` stops the work where it is no longer wanted. Its connections come on top of the transfer workers'.
    """

    errand: Errand
    max_age: timedelta
    now: Callable[[], datetime]
    check: Callable[[], None]
    connections: int = 4

    def whole(self, uri: str) -> bytes:
        """The bytes of a small file.

        Raises
        ------
        NotAuthorized, MissingOnServer, TransferFailed
            It cannot be had.
        UpstreamDown
            MAST is away; everything goes on when it is back.
        """
        self.check()
        return self._path(self._fetched(uri)).read_bytes()

    def warm(self, uris: Iterable[str]) -> None:
        """Fetch small files that will be read one by one, some at once; what cannot be had is found out then."""
        with ThreadPoolExecutor(self.connections, thread_name_prefix="reading") as pool:
            for done in [pool.submit(self._fetched, uri) for uri in uris]:
                done.exception()

    def header(self, uri: str) -> Cards:
        """The primary header of a FITS file: of the cached copy, else as many blocks as it takes.

        Raises
        ------
        As `whole`.
        """
        self.check()
        known = self.errand.cached(uri)
        if known is not None:
            with self._path(known).open("rb") as file:
                return fits.primary(file)
        return self._by_range(uri)

    def size(self, uri: str) -> int | None:
        """The bytes of a file that no list tells of; raises as `whole`."""
        self.check()
        known = self.errand.cached(uri)
        return known.size if known else self.errand.read(uri, lambda downloads: downloads.head(uri).total)

    def _path(self, version: Version) -> Path:
        return self.errand.rights.cache.path(version)

    def _fetched(self, uri: str) -> Version:
        for left in reversed(range(_TRIES)):
            try:
                return self.errand.fetch(
                    uri, access.UNKNOWN, max_age=self.max_age, now=self.now, stop=lambda: False,
                    on_bytes=lambda _: None,
                ).version  # fmt: skip
            except Elsewhere:
                if not left:
                    raise TransferFailed(f"{uri} is being fetched elsewhere, and does not arrive.") from None
        raise AssertionError("unreachable")

    def _by_range(self, uri: str) -> Cards:
        blocks, found = HEADER_BLOCKS, b""
        while blocks <= MOST_BLOCKS and len(found) % (HEADER_BLOCKS * fits.BLOCK) == 0:
            found = self.errand.read(uri, partial(_beginning, uri, blocks * fits.BLOCK))
            try:
                return fits.primary(io.BytesIO(found))
            except NotFits:
                blocks *= 2
        raise TransferFailed(f"{uri} has no header that ends.")


def _beginning(uri: str, size: int, downloads: Downloads) -> bytes:
    found = bytearray()
    try:
        with downloads.open(uri, start=0, end=size) as stream:
            for chunk in stream:
                found += chunk
                if len(found) >= size:
                    break
    except (TransferBroken, WrongRange) as error:
        raise TransferFailed(f"The header of {uri} cannot be read ({error}).") from error
    return bytes(found[:size])
