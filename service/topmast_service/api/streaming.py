"""A file or an archive to one client: whole, in part, or not again; and never so many that nobody else is served."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import BoundedSemaphore
from typing import IO, Any, Protocol, cast
from urllib.parse import quote

from flask import Request, Response
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header
from werkzeug.wsgi import FileWrapper

from topmast_service.api.accel import Accel
from topmast_service.api.http_errors import PreconditionFailed
from topmast_service.errors import Busy, NoSuchFile

_CHUNK = 256 << 10
_TYPES = {
    ".fits": "application/fits",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".ecsv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
}
"""Fixed, not the machine's: the same file has the same type everywhere. FITS: RFC 4047."""


class Readable(Protocol):
    """As much of a file as it takes to send it."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""

    def seek(self, offset: int, /) -> Any:
        """Go to a byte."""

    def tell(self) -> int:
        """The byte that is read next."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True)
class Served:
    """Bytes that have an end, and what is known of them; `open` may raise OSError when they are gone.

    `path` is where they lie, if they do so on disk.
    """

    etag: str
    size: int
    headers: Mapping[str, str]
    open: Callable[[], Readable]
    path: Path | None = None


def of_file(path: Path, sha256: str, name: str, policy: str | None = None) -> Served:
    """A file; its ETag is its SHA-256, `name` what the client calls it (a file of the cache is named by its hash).

    `policy` is what a browser may do with it (CSP), if not the usual.

    Raises
    ------
    NoSuchFile
        It was removed meanwhile.
    """
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    kind = _TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")
    headers = {
        "Content-Type": kind,
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": disposition(name, "inline" if kind.startswith("text/html") else "attachment"),
    }
    headers |= {"Content-Security-Policy": policy} if policy else {}
    return Served(sha256, _size(path), headers, lambda: path.open("rb", buffering=0), path)


def disposition(name: str, shown: str = "attachment") -> str:
    """How a browser should name what it saves (RFC 6266)."""
    return f"{shown}; filename*=UTF-8''{quote(name)}"


class Streams:
    """The places for those who fetch files, in one process: half of its threads. What nginx sends takes none."""

    def __init__(self, threads: int, accel: Accel) -> None:
        self._places = BoundedSemaphore(max(1, threads // 2))
        self._accel = accel

    def send(self, request: Request, served: Served) -> Response:
        """The bytes as `request` wants them: 200, 206 (one range), 304.

        Raises
        ------
        Busy
            All places are taken.
        NoSuchFile
            They are gone.
        PreconditionFailed, werkzeug.exceptions.RequestedRangeNotSatisfiable
            As RFC 9110 says.
        """
        response, elsewhere = _described(served), self._elsewhere(request, served)
        if request.method != "HEAD" and not elsewhere:
            response.response = self._open(served)
        try:
            conditions = _one_range(request, served.etag)
            response.make_conditional(conditions, accept_ranges=True, complete_length=served.size)
            if response.status_code == 412:
                raise PreconditionFailed()
        except (RequestedRangeNotSatisfiable, PreconditionFailed):
            response.close()
            raise
        return _left_to_nginx(served, elsewhere) if elsewhere and response.status_code != 304 else response

    def _elsewhere(self, request: Request, served: Served) -> str | None:
        """Where nginx has the file, if it is to send it.

        nginx judges If-Match once more, before it knows our ETag, and would answer 412 to a match; and
        If-Unmodified-Since by a date that we tell nobody. These we send.
        """
        ours = request.method == "HEAD" or request.if_match or request.if_unmodified_since
        return None if ours or served.path is None else self._accel.address(served.path)

    def hold(self, pieces: Iterator[bytes]) -> Streamed:
        """What is made while it is sent, in a place of its own until it ends or its reader has gone.

        Raises
        ------
        Busy
            All places are taken.
        """
        self._take()
        return Streamed(pieces, self._places.release)

    def _take(self) -> None:
        if not self._places.acquire(blocking=False):
            raise Busy("All places for downloads are taken.", retry_after=2)

    def _open(self, served: Served) -> _Held:
        self._take()
        try:
            return _Held(served.open(), self._places.release)
        except (OSError, NoSuchFile):
            self._places.release()
            raise NoSuchFile() from None


class _Held(FileWrapper):
    """What is open, which gives its place back when the answer ends, however it ends."""

    def __init__(self, file: Readable, release: Callable[[], None]) -> None:
        super().__init__(cast("IO[bytes]", file), _CHUNK)  # it asks for no more than a Readable has
        self._release: Callable[[], None] | None = release

    def close(self) -> None:
        """Close it; the place is free again."""
        super().close()
        release, self._release = self._release, None
        if release is not None:
            release()


class Streamed:
    """Pieces that give their place back when the answer ends, however it ends, begun or not."""

    def __init__(self, pieces: Iterator[bytes], release: Callable[[], None]) -> None:
        self._pieces = pieces
        self._release: Callable[[], None] | None = release

    def __iter__(self) -> Iterator[bytes]:
        """The pieces."""
        return self._pieces

    def close(self) -> None:
        """Make no more of them; the place is free again."""
        if isinstance(self._pieces, Generator):
            self._pieces.close()
        release, self._release = self._release, None
        if release is not None:
            release()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        raise NoSuchFile() from None


def _described(served: Served) -> Response:
    response = Response(headers=dict(served.headers))
    response.set_etag(served.etag)
    response.content_length = served.size
    return response


def _left_to_nginx(served: Served, address: str) -> Response:
    """What is known of the file, without its bytes. Ranges are nginx's: it takes our ETag for If-Range."""
    response = _described(served)
    response.content_length = 0  # what we send; nginx tells the file's own
    response.headers["X-Accel-Redirect"] = address
    return response


def _one_range(request: Request, etag: str) -> dict[str, object]:
    """The request's environ; without a Range that is not for us, so that werkzeug leaves it alone.

    RFC 9110: Range means something with GET only, one that cannot be read is ignored, and a server may ignore several
    at once (§14.2; werkzeug answers 416 to these); a weak validator in If-Range never fits (§13.1.5; werkzeug takes
    it for a strong one); If-Match and If-None-Match are judged before it (§13.2.2; werkzeug does not).
    """
    environ = dict(request.environ)
    wanted = parse_range_header(environ.get("HTTP_RANGE"))
    readable = wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1
    weak = environ.get("HTTP_IF_RANGE", "").startswith("W/")
    known = request.if_none_match.contains_weak(etag)
    lost = bool(request.if_match) and not request.if_match.contains(etag)
    if request.method != "GET" or not readable or weak or known or lost:
        environ.pop("HTTP_RANGE", None)
    return environ
