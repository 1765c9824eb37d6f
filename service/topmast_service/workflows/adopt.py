"""`topmast-service adopt`: files that a group already has, into the cache, as far as they are what MAST has now.

MAST gives no checksum. What can be known without fetching the file: its structure, its length, and that pieces of it
at the beginning, in the middle and at the end are MAST's. A file that somebody edited elsewhere passes; hence whoever
adopts a folder must trust it.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from topmast_service.archive.headers import Head
from topmast_service.archive.transfer import Downloads, TransferBroken, WrongRange
from topmast_service.errors import MissingOnServer, NotAuthorized, TopmastError, TransferFailed, UpstreamDown
from topmast_service.staging import content
from topmast_service.staging.adopted import Adoption, CannotLink
from topmast_service.staging.content import Unsound
from topmast_service.staging.part import PartBusy
from topmast_service.staging.version import Origin

THREADS = 4
"""Files looked at at once, each with one connection; these come on top of the transfer workers' connections."""

ADOPTED, ALREADY, REFUSED = "adopted", "already", "refused"

_JWST = re.compile(r"jw\d{5}[A-Za-z0-9_.+-]*\.(fits|json|jpg|png|ecsv|csv|txt|zip)")
_WINDOW = 64 << 10  # bytes: a JWST primary header takes 24 to 32 kB
_TRIES = 4


class Differs(Exception):
    """It is not what MAST has now; the message completes "the file …"."""


_REFUSALS: dict[type[Exception], str] = {
    Differs: "{}",
    Unsound: "{}",
    NotAuthorized: "is not public yet",
    MissingOnServer: "MAST has no such file (renamed, or withdrawn?)",
    CannotLink: "cannot be linked ({}); adopt it without --link",
    PartBusy: "is being fetched just now",
    PermissionError: "cannot be read",
    FileNotFoundError: "has gone meanwhile",
}


@dataclass(frozen=True)
class Candidate:
    """A file whose name is that of a JWST product; `size` in bytes."""

    path: Path
    uri: str
    size: int


@dataclass(frozen=True)
class Verdict:
    """What became of a candidate: `ADOPTED` (or would be), `ALREADY` in the cache, or `REFUSED` with the reason."""

    candidate: Candidate
    status: str
    reason: str = ""


def candidates(folder: Path) -> Iterator[Candidate]:
    """The files under `folder` that are called like JWST products; symbolic links are not followed."""
    for inside, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(filter(_JWST.fullmatch, names)):
            path = Path(inside, name)
            if path.is_file() and not path.is_symlink():
                yield Candidate(path, f"mast:JWST/product/{name}", path.stat().st_size)


@dataclass(frozen=True)
class Adopter:
    """Judges candidates and takes them in; with `dry` it only judges, with `link` it shares instead of copying."""

    adoption: Adoption
    downloads: Downloads
    now: Callable[[], datetime]
    link: bool = False
    dry: bool = False
    pause: Callable[[float], None] = time.sleep

    def all(self, found: list[Candidate]) -> Iterator[Verdict]:
        """The verdicts in the order of `found`.

        Raises
        ------
        UpstreamDown, DiskFull
            It makes no sense to go on; what was adopted stays.
        """
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="adopt")
        try:
            yield from pool.map(self.one, found)
        finally:
            pool.shutdown(cancel_futures=True)

    def one(self, candidate: Candidate) -> Verdict:
        """One verdict; raises as `all` does."""
        for tried in range(1, _TRIES + 1):
            try:
                return self._judge(candidate)
            except (UpstreamDown, TransferFailed, TransferBroken) as error:
                told = error.retry_after if isinstance(error, TopmastError) else None
                if tried < _TRIES:
                    self.pause(told or random.uniform(0, 2.0**tried))  # noqa: S311 - spreads load, guards nothing
                elif isinstance(error, UpstreamDown):
                    raise
        return Verdict(candidate, REFUSED, "MAST does not answer for it")

    def close(self) -> None:
        """Drop the connections."""
        self.downloads.close()

    def _judge(self, candidate: Candidate) -> Verdict:
        if self.adoption.has(candidate.uri):
            return Verdict(candidate, ALREADY)
        try:
            content.inspect(candidate.path, candidate.uri)
            origin = self._compared(candidate)
            if not self.dry:
                self._take_in(candidate, origin)
        except tuple(_REFUSALS) as error:
            return Verdict(candidate, REFUSED, _REFUSALS[type(error)].format(error))
        return Verdict(candidate, ADOPTED)

    def _take_in(self, candidate: Candidate, origin: Origin) -> None:
        take = self.adoption.link if self.link else self.adoption.copy
        take(candidate.uri, candidate.path, origin, self.now())

    def _compared(self, candidate: Candidate) -> Origin:
        """What MAST says of the file, once its length and some of its bytes are found to be the same."""
        head = self._head(candidate.uri)
        if head and head.total not in (None, candidate.size):
            raise Differs(f"has {candidate.size} bytes, MAST's has {head.total} (reprocessed since?)")
        with candidate.path.open("rb") as file:
            for start, end in _windows(candidate.size):
                file.seek(start)
                head = self._compare(candidate, start, file.read(end - start), head)
        if head is None:
            raise Differs("is empty")
        return Origin(candidate.size, head.validator, head.etag, head.last_modified, head.media_type)

    def _head(self, uri: str) -> Head | None:
        try:
            return self.downloads.head(uri)
        except TransferFailed:  # a server that knows no HEAD: the range will tell
            return None

    def _compare(self, candidate: Candidate, start: int, mine: bytes, known: Head | None) -> Head:
        theirs = bytearray()
        try:
            with self.downloads.open(candidate.uri, start=start, end=start + len(mine)) as stream:
                total = stream.head.total
                # A server that ignores Range sends all of it: then the beginning is compared, again, and no more.
                mine = mine if stream.start == start else b""
                for chunk in stream if mine else ():
                    theirs += chunk
                    if len(theirs) >= len(mine):
                        break
        except WrongRange:
            raise Differs("is not as long as MAST's") from None
        if total not in (None, candidate.size) or theirs[: len(mine)] != mine:
            raise Differs("differs from what MAST has now (reprocessed, or edited?)")
        if known and None not in (seen := {known.validator, stream.head.validator}) and len(seen) > 1:
            raise TransferFailed(f"{candidate.uri} changed at MAST while it was compared.")
        return known or stream.head


def _windows(size: int) -> list[tuple[int, int]]:
    """What is compared: a small file as a whole, of a larger one three pieces."""
    if size <= 3 * _WINDOW:
        return [(0, size)] if size else []
    middle = (size - _WINDOW) // 2
    return [(0, _WINDOW), (middle, middle + _WINDOW), (size - _WINDOW, size)]
