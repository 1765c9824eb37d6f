"""One product file into the cache: from there, resumed, or whole; the right bytes or none.

The cases this is built against were measured on other downloaders: a longer or shorter file under the same name glued
to old bytes, a cut connection that leaves a file which looks finished, a maintenance page saved as FITS, one dropped
connection that ends a whole batch.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from topmast_service.archive.headers import Head
from topmast_service.archive.transfer import Downloads, Stream, TransferBroken, WrongRange
from topmast_service.errors import TopmastError, TransferFailed, UpstreamDown
from topmast_service.staging.cache import Cache
from topmast_service.staging.content import Unsound
from topmast_service.staging.part import Part, PartBusy
from topmast_service.staging.version import Origin, Version

_WINDOW = 64 << 10  # bytes compared at a cut and at the head: a JWST primary header takes 24 to 32 kB
_PROGRESS = 1 << 20  # a try that brought this much more than any before was not in vain
_LONGEST_PAUSE = 10.0  # seconds; who is told to wait longer gives its place to others
_LOCK_WAIT = 0.5  # seconds between looks at `stop` while another process fetches the same file
LONG_BODY = 5.0  # seconds; a file may be replaced while such a body is on its way, and its length need not tell
_FLIGHT_WAIT = 5.0  # seconds after which whoever waits for another's transfer has better things to do
_UNRANGED = 2  # refused resumes after which the whole is asked for: some servers answer any Range with 503


class Stopped(Exception):
    """`stop` said so. What came so far is kept."""


class _ChangedMeanwhile(Exception):
    """The file was replaced while its body was on its way: it may be of two halves."""


class Elsewhere(Exception):
    """Somebody else is fetching it and takes long: a file of 20 GB, or a process that was stopped in the middle."""


class _NotTheSame(Exception):
    """What the server has now is not what the .part began with."""


@dataclass(frozen=True)
class Fetched:
    """A version in the cache, whether it was there already, and which was the newest until now."""

    version: Version
    source: Literal["cached", "fetched"]
    before: Version | None = None


def fetch(
    uri: str,
    *,
    cache: Cache,
    downloads: Downloads,
    max_age: timedelta,
    now: Callable[[], datetime],
    stop: Callable[[], bool],
    on_bytes: Callable[[int], None],
    expected_size: int | None = None,
    exclusive: bool = False,
    tries: int = 3,
    pause: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Make the current version of a product available in the cache.

    Parameters
    ----------
    uri
        The dataURI, ``mast:JWST/product/…``.
    max_age
        How long a version counts as current without asking MAST again.
    stop
        Asked at every chunk (≤ 1 MiB) and before every try.
    on_bytes
        Told by how many bytes the file on disk has grown. Negative when it starts over, so that the sum is always
        what is there; never called for what was cached.
    expected_size
        The catalogue's size in bytes: a hint, and often a stale one.
    exclusive
        `downloads` carries a user's token, which has proven minutes ago that they may have it; what comes is kept from
        everybody else. Otherwise MAST is asked without a token, and what comes is public, in its earlier versions too.
    tries
        Tries in a row that brought nothing new.

    Raises
    ------
    NotAuthorized, MissingOnServer
        MAST's answer.
    UpstreamDown (UpstreamError included), TransferFailed
        Not to be had now. The .part stays for the next time. Also when a cached version was too old and MAST could
        not be asked: whether to serve that one is the caller's decision.
    DiskFull
        Nothing is kept.
    Stopped
        `stop` said so.
    Elsewhere
        Another worker has it in hand.
    """
    earlier = cache.newest(uri, proven=exclusive)
    if earlier and _is_fresh(earlier, max_age, now()):
        return Fetched(earlier, "cached", earlier)
    with _flight(cache, uri, stop) as part:
        known = cache.newest(uri, proven=exclusive)
        if known and _is_fresh(known, max_age, now()):  # somebody else may just have brought it
            return Fetched(known, "cached", earlier)
        # What came with a token is nothing that an anonymous request may be given, but something that MAST may be
        # asked about: if it gives everybody what it gave the token, no byte need come again.
        known = known or cache.newest(uri, proven=True)
        transfer = _Transfer(uri, cache, downloads, part, known, now, stop, on_bytes, expected_size, exclusive)
        return _persist(transfer, tries, pause)


def fresh(cache: Cache, uri: str, max_age: timedelta, now: datetime, *, proven: bool = False) -> Version | None:
    """The newest version in the cache, if MAST confirmed it within `max_age`; `proven` as in `Cache.newest`."""
    version = cache.newest(uri, proven=proven)
    return version if version and _is_fresh(version, max_age, now) else None


def _is_fresh(version: Version, max_age: timedelta, now: datetime) -> bool:
    # A time in the future is a clock that was set back, and says nothing.
    return timedelta(0) <= now - version.checked_at <= max_age


@contextmanager
def _flight(cache: Cache, uri: str, stop: Callable[[], bool]) -> Iterator[Part]:
    until = time.monotonic() + _FLIGHT_WAIT
    while time.monotonic() < until:
        if stop():
            raise Stopped(uri)
        with suppress(PartBusy), cache.open_part(uri, wait=_LOCK_WAIT) as part:
            yield part
            return
    raise Elsewhere(uri)


def _persist(transfer: _Transfer, tries: int, pause: Callable[[float], None]) -> Fetched:
    """Try until it is there, or until `tries` in a row brought nothing new."""
    failed, furthest = 0, transfer.part.size
    while True:
        try:
            return transfer.once()
        except (UpstreamDown, TransferFailed, TransferBroken, WrongRange, Unsound, _ChangedMeanwhile) as error:
            if transfer.part.size >= furthest + _PROGRESS:
                failed, furthest = 0, transfer.part.size
            failed += 1
            told = error.retry_after if isinstance(error, TopmastError) else None
            if failed >= tries or (told or 0) > _LONGEST_PAUSE:
                raise _final(error, transfer.uri) from error
            pause(max(told or 0, _jitter(failed)))


def _jitter(failed: int) -> float:
    # Full jitter: workers that lost MAST together must not come back together. The first time at once.
    longest = min(_LONGEST_PAUSE, 0.25 * (4 ** (failed - 1) - 1))
    return random.uniform(0, longest)  # noqa: S311 - spreads load, guards nothing


def _final(error: Exception, uri: str) -> TopmastError:
    if isinstance(error, TopmastError):
        return error
    if isinstance(error, Unsound):
        return TransferFailed(f"What MAST sent for {uri} {error}.")
    if isinstance(error, _ChangedMeanwhile):
        return TransferFailed(f"{uri} changed again and again while it was on its way.")
    return TransferFailed(f"The connection broke repeatedly while {uri} was on its way.")


@dataclass
class _Transfer:
    """One dataURI under its lock."""

    uri: str
    cache: Cache
    downloads: Downloads
    part: Part
    known: Version | None
    now: Callable[[], datetime]
    stop: Callable[[], bool]
    on_bytes: Callable[[int], None]
    expected_size: int | None
    exclusive: bool
    told: int = 0
    unranged: int = 0

    def once(self) -> Fetched:
        """One try: confirm what is cached, else go on where the .part ends, else fetch the whole."""
        if self.stop():
            raise Stopped(self.uri)
        known = self.known
        if known and self._still_current(known):
            return Fetched(self.cache.touch(self.uri, known, self.now(), exclusive=self.exclusive), "cached", known)
        try:
            return self._bring()
        finally:
            self._tell()

    def _still_current(self, version: Version) -> bool:
        """Ask MAST whether a version is its current one: by validator, else by length and FITS header."""
        head = self._head()
        if head is None:
            return False
        if version.validator and head.validator:
            return version.validator == head.validator
        # Only FITS says in its head when it was made (DATE): other formats are small, and fetched again.
        if head.total != version.size or not version.date:
            return False
        try:
            with self.cache.path(version).open("rb") as file:
                mine = file.read(_WINDOW)
        except FileNotFoundError:  # evicted since we looked
            return False
        return self._same_beginning(mine, version.size)

    def _head(self) -> Head | None:
        try:
            return self.downloads.head(self.uri)
        except TransferFailed:  # a server that knows no HEAD: the GET will tell
            return None

    def _same_beginning(self, mine: bytes, total: int) -> bool:
        theirs = bytearray()
        with self.downloads.open(self.uri, start=0, end=len(mine)) as stream:
            if stream.head.total != total:
                return False
            for chunk in stream:
                theirs += chunk
                if len(theirs) >= len(mine):
                    break
        return bytes(theirs[: len(mine)]) == mine

    def _bring(self) -> Fetched:
        # No more than the window would save nothing, and a FITS header alone looks alike in two versions.
        if self.part.size > _WINDOW and self.unranged < _UNRANGED:
            try:
                return self._resume()
            except (_NotTheSame, WrongRange):
                self._start_over(Origin())
            except UpstreamDown:
                self.unranged += 1
                raise
        with self.downloads.open(self.uri) as stream:
            self._start_over(_origin(stream.head))
            return self._pour(stream)

    def _resume(self) -> Fetched:
        part, origin = self.part, self.part.origin or Origin()
        if not origin.validator:
            self._check_beginning(origin)
        # The bytes before the cut are asked for again and compared: a server that ignores If-Range is found out.
        with self.downloads.open(self.uri, start=part.size - _WINDOW, validator=origin.validator) as stream:
            if stream.start == 0:  # the whole file: it has changed, or the server knows no ranges
                self._start_over(_origin(stream.head))
            elif _continues(origin, stream.head):
                part.resume(stream.head.total or 0)
            else:
                raise _NotTheSame
            return self._pour(stream)

    def _check_beginning(self, origin: Origin) -> None:
        mine = self.part.read(0, _WINDOW)
        if origin.total is None or not self._same_beginning(mine, origin.total):
            raise _NotTheSame

    def _start_over(self, origin: Origin) -> None:
        self.part.restart(origin)
        self._tell()

    def _pour(self, stream: Stream) -> Fetched:
        offset, begun = stream.start, time.monotonic()
        for chunk in stream:
            known = self.part.read(offset, len(chunk))
            if chunk[: len(known)] != known:
                raise _NotTheSame
            self.part.append(chunk[len(known) :])
            offset += len(chunk)
            self._tell()
            if self.stop():
                raise Stopped(self.uri)
        if time.monotonic() - begun > LONG_BODY and not self._still_as_it_began(stream.head):
            self._start_over(Origin())
            raise _ChangedMeanwhile
        version = self.part.commit(self.now(), self.expected_size, exclusive=self.exclusive)
        return Fetched(version, "fetched", self.known)

    def _still_as_it_began(self, began: Head) -> bool:
        """Ask MAST whether the file is the one whose body just ended: length and structure need not show a seam."""
        head = self._head()
        if head and began.validator and head.validator:
            return began.validator == head.validator
        if head is None or head.total is None:
            return True  # no HEAD, or made while it is sent: nothing to compare with
        return head.total == self.part.size and self._same_beginning(self.part.read(0, _WINDOW), head.total)

    def _tell(self) -> None:
        grown = self.part.size - self.told
        if grown:
            self.told += grown
            self.on_bytes(grown)


def _origin(head: Head) -> Origin:
    return Origin(head.total, head.validator, head.etag, head.last_modified, head.media_type, head.framed)


def _continues(origin: Origin, head: Head) -> bool:
    """Whether a 206 belongs to the same bytes as those in the .part."""
    if head.total is None or origin.total not in (None, head.total):
        return False
    if not origin.validator:
        return origin.etag == head.etag and origin.last_modified == head.last_modified
    if origin.etag == origin.validator:  # RFC 9110 §15.3.7: a 206 must repeat the ETag
        return head.etag == origin.validator
    # With a date in If-Range, the server may leave Last-Modified out.
    return head.last_modified in (None, origin.validator)
