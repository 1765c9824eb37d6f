"""One file of a box, or the box as one file: resumed, verified, renamed."""

from __future__ import annotations

import hashlib
import itertools
import re
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ._api_errors import ApiError
from ._clock import Deadline
from ._errors import ConnectionLost, TopmastError
from ._messages import Reply, Request
from ._partfile import BLOCK, PartFile
from ._problems import error_for
from ._report import FETCHED, KEPT, DownloadedFile
from ._session import Session
from ._transport import Stream

SHA256 = re.compile(r"[0-9a-f]{64}")
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
MAX_TRIES = 100  # of one file, even if each brings a few bytes more


class ChecksumMismatch(TopmastError):
    """The bytes are not the ones that the manifest promises."""

    hint = "Download again; if it stays, tell whoever runs the service."


class ChangedOnServer(TopmastError):
    """The file is another one than when the manifest was read."""

    hint = "Download again: the manifest has changed."


class Stopped(TopmastError):
    """The download was stopped; what is half there stays for the next time."""


@dataclass(frozen=True)
class Wanted:
    """A file of the box; an empty `sha256` or a `size` of None is not known.

    `etag` is the strong one of what has no known SHA-256, as an archive that is made while it is sent.
    """

    path: str
    size: int | None = None
    sha256: str = ""
    etag: str = ""

    @property
    def version(self) -> str:
        """What names these very bytes, in hexadecimal; empty if nothing does."""
        return self.sha256 or (hashlib.sha256(self.etag.encode()).hexdigest() if self.etag else "")


@dataclass
class Fetcher:
    """Fetches files below `folder` (a path of the service); one is used by several threads."""

    session: Session
    folder: str
    deadline: Deadline
    stop: threading.Event
    count: Callable[[int], None]

    def fetch(self, wanted: Wanted, target: Path) -> DownloadedFile:
        """Make `target` be the file `wanted`.

        Raises
        ------
        TopmastError, OSError
            It did not work; `target` is as it was.
        """
        wanted = wanted if wanted.version else self.identified(wanted)
        if is_right(target, wanted):
            self.count(wanted.size or 0)
            return DownloadedFile(wanted.path, KEPT, target, target.stat().st_size, wanted.sha256, verified=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        with PartFile.open(target, wanted.version) as part:
            self.count(part.size)
            verified = self._fill(part, wanted)
            part.commit()
            return DownloadedFile(wanted.path, FETCHED, target, part.size, part.sha256, verified=verified)

    def identified(self, wanted: Wanted) -> Wanted:
        """With the length and ETag that the service tells now: the box's own tables are listed without a SHA-256."""
        reply = self._head(wanted)
        length = reply.headers.get("content-length", "")
        size = int(length) if length.isascii() and length.isdigit() else wanted.size
        found = Wanted(wanted.path, size, _tag(reply), "" if _tag(reply) else _strong(reply))
        return found if found.version else wanted

    def _head(self, wanted: Wanted) -> Reply:
        try:
            return self.session.call(self._request("HEAD", wanted, {}), deadline=self.deadline)
        except ApiError:
            # No answer to HEAD has a body: why it was refused is told to whoever asks for a byte.
            self.session.call(self._request("GET", wanted, {"Range": "bytes=0-0"}), deadline=self.deadline)
            raise

    def _request(self, method: str, wanted: Wanted, headers: dict[str, str]) -> Request:
        plain = {"Accept": "*/*", "Accept-Encoding": "identity"}
        return Request(method, f"{self.folder}/{quote(wanted.path)}", headers={**plain, **headers})

    def _fill(self, part: PartFile, wanted: Wanted) -> bool:
        """Try until the part is whole; whether its checksum was known."""
        idle, corrupt = 0, 0
        for total in itertools.count(1):
            before = part.size
            try:
                return self._attempt(part, wanted)
            except TopmastError as error:
                corrupt += isinstance(error, ChecksumMismatch)
                idle = 1 if part.size > before else idle + 1
                pause = self._pause(error, idle, corrupt)
                if pause is None or pause >= self.deadline.left() or total >= MAX_TRIES:
                    raise
                self.session.clock.sleep(pause, self.stop)
        raise AssertionError("unreachable")  # itertools.count never ends; mypy cannot know

    def _pause(self, error: TopmastError, idle: int, corrupt: int) -> float | None:
        if isinstance(error, ChecksumMismatch):
            # Once: a bit that flipped on the way. Twice: the service's copy is wrong.
            return 0.0 if corrupt == 1 else None
        return self.session.retry.pause(error, idle, self.session.clock.fraction())

    def _attempt(self, part: PartFile, wanted: Wanted) -> bool:
        expected = wanted.sha256
        if wanted.size is not None and part.size > wanted.size:
            self._restart(part)
        if part.size != wanted.size:
            expected = self._transfer(part, wanted)
        if wanted.size is not None and part.size != wanted.size:
            raise ConnectionLost(f"{wanted.path} ended after {part.size} of {wanted.size} bytes", method="GET")
        if expected and part.sha256 != expected:
            got = part.sha256
            self._restart(part)
            raise ChecksumMismatch(f"{wanted.path} has SHA-256 {got} instead of {expected}")
        return bool(expected)

    def _transfer(self, part: PartFile, wanted: Wanted) -> str:
        """Bring the bytes that are missing; the SHA-256 they should end up with."""
        # If-Range (RFC 9110 §13.1.5): the rest of *this* version, else all of the new one.
        known = f'"{wanted.sha256}"' if wanted.sha256 else wanted.etag
        rest = {"Range": f"bytes={part.size}-", "If-Range": known} if part.size else {}
        with self.session.open(self._request("GET", wanted, rest), self.deadline) as stream:
            tag = self._begin(part, wanted, stream)
            for chunk in stream.chunks():
                if self.stop.is_set():
                    raise Stopped(f"{wanted.path} was stopped")
                part.append(chunk)
                self.count(len(chunk))
        return wanted.sha256 or tag

    def _begin(self, part: PartFile, wanted: Wanted, stream: Stream) -> str:
        """Judge the head of the answer and set the part to where its bytes belong; the file's tag."""
        head = stream.head
        if head.status == 416 or (head.status == 206 and not _continues(head, part, wanted)):
            self._restart(part)
            raise ConnectionLost(f"{wanted.path}: not the range that was asked for", method="GET", url=head.url)
        if head.status not in (200, 206):
            raise error_for(stream.read())
        tag = _tag(head)
        if (wanted.sha256 and tag and tag != wanted.sha256) or (wanted.etag and wanted.etag != _strong(head)):
            raise ChangedOnServer(f"{wanted.path} has changed on the service")
        if head.status == 200:
            self._restart(part)
        return tag

    def _restart(self, part: PartFile) -> None:
        self.count(-part.size)
        part.restart()


def _tag(head: Reply) -> str:
    """The SHA-256 that an ETag is, on this service; empty for any other."""
    tag = head.headers.get("etag", "").removeprefix("W/").strip('"')
    return tag if SHA256.fullmatch(tag) else ""


def _strong(head: Reply) -> str:
    """The ETag as it stands, if it is a strong one (RFC 9110 §8.8.3): equal tags, equal bytes."""
    tag = head.headers.get("etag", "")
    return tag if tag.startswith('"') else ""


def _continues(head: Reply, part: PartFile, wanted: Wanted) -> bool:
    found = CONTENT_RANGE.fullmatch(head.headers.get("content-range", ""))
    if found is None or int(found[1]) != part.size:
        return False
    return found[2] == "*" or wanted.size is None or int(found[2]) == wanted.size


def is_right(target: Path, wanted: Wanted) -> bool:
    """Whether the file is there already, by size and SHA-256; never by name alone."""
    try:
        status = target.lstat()
    except OSError:
        return False
    if not wanted.sha256 or not stat.S_ISREG(status.st_mode):
        return False
    if wanted.size is not None and status.st_size != wanted.size:
        return False
    digest = hashlib.sha256()
    with target.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest() == wanted.sha256
