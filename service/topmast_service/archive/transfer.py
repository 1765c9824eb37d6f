"""Bytes from MAST: one request, one stream, and a plain word for everything that can be wrong with it.

Nothing here retries, resumes or writes: `workflows.fetch` decides, `staging` keeps. astroquery's own download is not
used: it has no timeout, checks no length, and glues the tail of a reprocessed file to the head of the old one.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from topmast_service.archive import addresses, tokens
from topmast_service.archive.headers import Head, length_of, read_head, retry_after
from topmast_service.archive.outgoing import Outgoing
from topmast_service.domain import crds
from topmast_service.domain.token import Token, needs_token
from topmast_service.errors import (
    MissingOnServer,
    NeedsMastToken,
    NotAuthorized,
    TransferFailed,
    UpstreamDown,
    UpstreamError,
)

_CHUNK = 1 << 20
_MOST_REDIRECTS = 3
_AWAY = frozenset({408, 425, 429, 502, 503, 504})  # says something of MAST as a whole; a 500 may be about one file
LARGEST_REFERENCE = 64 << 30
"""Bytes. An answer for a reference file that is longer is none; MAST's files have no such bound."""

_PAGES = frozenset({"text/html", "application/xhtml+xml"})


_NOWHERE = "mast:JWST/product/topmast-asks-whether-mast-is-there.fits"


class TransferBroken(Exception):
    """The connection broke, or fell silent, in the middle of a body: what came so far is good."""


class WrongRange(Exception):
    """The server cannot give the range that was asked, or answered with another one."""


class Stream:
    """An answer whose body is still to come. A context manager; iterating gives chunks of at most 1 MiB.

    Attributes
    ----------
    head
        What the headers said.
    start
        Offset in the file, in bytes, of the first byte that comes.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, head: Head, start: int, watch: _Watch) -> None:
        self.head = head
        self.start = start
        self._response = response
        self._watch = watch
        self._left = length_of(response.headers)

    def __iter__(self) -> Iterator[bytes]:
        """Chunks as they come, so that a stop is heard at once also on a slow line.

        Raises
        ------
        TransferBroken
            The body ended early, fell silent, or comes too slowly.
        TransferFailed
            It is longer than any file there.
        """
        while self._left != 0:
            # Never past Content-Length: http.client's read1 would hand over what a confused server sends after it.
            want = _CHUNK if self._left is None else min(_CHUNK, self._left)
            try:
                chunk = self._response.read1(want, decode_content=False)
            except HTTPError as error:
                raise TransferBroken(type(error).__name__) from error
            if not chunk:
                return
            if self._left is not None:
                self._left -= len(chunk)
            self._watch.saw(len(chunk))
            yield chunk

    def close(self) -> None:
        """Drop the connection unless the body was read to its end."""
        self._response.close()
        self._response.release_conn()

    def __enter__(self) -> Self:
        """The stream itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


class _Watch:
    """Notices a body that comes too slowly: a byte now and then is no silence, and would hold a connection for days."""

    def __init__(self, slowest: float, over: float, most: float) -> None:
        self._slowest = slowest
        self._over = over
        self._left = most
        self._since = time.monotonic()
        self._came = 0

    def saw(self, size: int) -> None:
        """Count bytes.

        Raises
        ------
        TransferBroken
            Too few of them came, on the average of the last while.
        TransferFailed
            Too many.
        """
        self._came += size
        self._left -= size
        if self._left < 0:
            raise TransferFailed("The answer does not end where such a file would.")
        passed = time.monotonic() - self._since
        if passed < self._over:
            return
        if self._came < self._slowest * passed:
            raise TransferBroken("too slow")
        self._since, self._came = time.monotonic(), 0


class Downloads:
    """The door to MAST's files. Threads may share one; forked processes may not.

    Parameters
    ----------
    base_url
        MAST or a sandbox: ``https://mast.stsci.edu``.
    crds_url
        Where ``crds://`` files come from; `base_url` if empty, as a sandbox has both.
    outgoing
        Where CRDS may be. MAST's address is the operator's own word, and not asked about.
    connections
        Connections open at once; whoever comes later waits.
    connect_timeout, read_timeout
        Seconds; `read_timeout` is the longest silence that is borne, not the length of the transfer.
    slowest, slow_after
        A body that brings less than `slowest` bytes per second over `slow_after` seconds is given up as a silent one.
    user_agent
        Who we say we are.
    """

    def __init__(
        self,
        base_url: str,
        *,
        crds_url: str = "",
        outgoing: Outgoing | None = None,
        connections: int = 8,
        connect_timeout: float = 10,
        read_timeout: float = 30,
        slowest: float = 10_000,
        slow_after: float = 60,
        user_agent: str = "topmast",
    ) -> None:
        self._base = base_url.rstrip("/")
        self._crds = (crds_url or base_url).rstrip("/")
        self._token: Token | None = None
        self._slowest = slowest
        self._slow_after = slow_after
        settled: dict[str, Any] = {
            "num_pools": 2,
            "maxsize": connections,
            "block": True,
            "retries": False,
            "timeout": urllib3.Timeout(connect=connect_timeout, read=read_timeout),
            # identity: a range of a compressed body is a range of something else
            "headers": {"User-Agent": user_agent, "Accept-Encoding": "identity"},
        }
        self._pool = urllib3.PoolManager(**settled)
        self._elsewhere = (outgoing or Outgoing()).pool(**settled) if crds_url else self._pool

    def open(self, uri: str, *, start: int = 0, end: int | None = None, validator: str | None = None) -> Stream:
        """Ask for a file, or for the part of it from `start` to before `end` (bytes).

        Parameters
        ----------
        validator
            Sent as If-Range: the part only if the file is still the same, else the whole of it.

        Returns
        -------
        Stream
            With ``head.status`` 206 the part that was asked; with 200 the whole file.

        Raises
        ------
        NotAuthorized, MissingOnServer
            MAST's answer; asking again does not help.
        UpstreamDown
            No connection, silence, 429, 502, 503 or 504; `retry_after` when MAST said it.
        UpstreamError
            Any other server error: perhaps only this file's.
        TransferFailed
            An answer that cannot be the file.
        AddressRefused
            CRDS is where topmast does not call.
        WrongRange
            The part cannot be had.
        """
        asked = start > 0 or end is not None
        headers = _range_headers(start, end, validator) if asked else {}
        response = self._request("GET", uri, headers)
        try:
            head = _judge(response, uri, asked=asked)
            if head.status == HTTPStatus.PARTIAL_CONTENT:
                head = _check_range(response.headers, head, start, end)
            begins = start if head.status == HTTPStatus.PARTIAL_CONTENT else 0
            most = LARGEST_REFERENCE - begins if uri.startswith(crds.SCHEME) else math.inf
            return Stream(response, head, begins, _Watch(self._slowest, self._slow_after, most))
        except BaseException:
            _drop(response)
            raise

    def head(self, uri: str) -> Head:
        """Ask for the headers only. Raises as `open` does, but never `WrongRange`."""
        response = self._request("HEAD", uri, {})
        try:
            return _judge(response, uri, asked=False)
        finally:
            _drop(response)

    def on_behalf(self, token: Token) -> Downloads:
        """The same door and connections for a user's token. It is sent to MAST alone, never to CRDS.

        What is public is to be asked for without: only then does the answer prove that it is.

        Raises
        ------
        UnsafeForTokens
            The way to MAST is not encrypted.
        """
        tokens.check_way(self._base)
        theirs = copy.copy(self)
        theirs._token = token
        return theirs

    def answers(self) -> bool:
        """Whether MAST's download service is there at all: asked for a file that cannot exist."""
        try:
            self.head(_NOWHERE)
        except UpstreamDown:
            return False
        except (MissingOnServer, NotAuthorized, TransferFailed):
            return True
        return True

    def close(self) -> None:
        """Close all idle connections."""
        self._pool.clear()
        self._elsewhere.clear()

    def _request(self, method: str, uri: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        url = addresses.file_url(self._base, self._crds, uri)
        credentials = self._credentials(uri)
        for _ in range(_MOST_REDIRECTS):
            pool = self._elsewhere if uri.startswith(crds.SCHEME) else self._pool
            response = self._send(pool, method, url, {**headers, **credentials})
            target = response.get_redirect_location()
            if not target:
                return response
            _drop(response)
            if credentials:
                raise TransferFailed(f"MAST redirects the request for {uri}; a token goes nowhere else.")
            url = _same_origin(url, target)
        raise TransferFailed("MAST redirects in circles.")

    def _credentials(self, uri: str) -> dict[str, str]:
        return tokens.header(self._token) if self._token and not uri.startswith(crds.SCHEME) else {}

    def _send(
        self, pool: urllib3.PoolManager, method: str, url: str, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        try:
            return pool.request(
                method,
                url,
                headers={**pool.headers, **headers},
                preload_content=False,
                redirect=False,
                decode_content=False,
            )
        except HTTPError as error:
            raise UpstreamDown(f"MAST cannot be reached ({type(error).__name__}).") from error


def _drop(response: urllib3.BaseHTTPResponse) -> None:
    response.close()
    response.release_conn()


def _same_origin(url: str, target: str) -> str:
    there = urljoin(url, target)
    # Another host could answer with anything.
    if urlsplit(there)[:2] != urlsplit(url)[:2]:
        raise TransferFailed("MAST redirects to another host.")
    return there


def _range_headers(start: int, end: int | None, validator: str | None) -> dict[str, str]:
    headers = {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
    return headers | ({"If-Range": validator} if validator else {})


def _judge(response: urllib3.BaseHTTPResponse, uri: str, *, asked: bool) -> Head:
    """Raise for everything that is not the file; tell what the headers say of it."""
    status = response.status
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and asked:
        raise WrongRange("416")
    _refuse_status(status, uri, response.headers)
    head = read_head(status, response.headers)
    if status == HTTPStatus.PARTIAL_CONTENT and not asked:
        raise TransferFailed(f"MAST sent a part of {uri} that nobody asked for.")
    if head.media_type in _PAGES and PurePosixPath(uri).suffix.lower() not in {".html", ".htm"}:
        raise TransferFailed(f"MAST sent an HTML page in place of {uri}.")
    if head.total == 0:
        raise TransferFailed(f"MAST sent nothing for {uri}.")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise TransferFailed(f"MAST sent {uri} compressed, which was not asked for.")
    return head


def _refuse_status(status: int, uri: str, headers: Mapping[str, str]) -> None:
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    said = f"MAST answered {status} for {uri}."
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise (NeedsMastToken if needs_token(uri) else NotAuthorized)(said)
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise MissingOnServer(said)
    if status in _AWAY:
        raise UpstreamDown(said, retry_after=retry_after(headers))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UpstreamError(said, retry_after=retry_after(headers))
    raise TransferFailed(said)


def _check_range(headers: Mapping[str, str], head: Head, start: int, end: int | None) -> Head:
    """Compare ``Content-Range: bytes first-last/total`` with what was asked (RFC 9110 §14.4)."""
    unit, _, span = headers.get("Content-Range", "").partition(" ")
    first, _, rest = span.partition("-")
    last, _, total = rest.partition("/")
    if unit != "bytes" or not all(part.isascii() and part.isdigit() for part in (first, last, total)):
        raise WrongRange("no usable Content-Range")
    wanted = int(total) if end is None else min(end, int(total))
    if (int(first), int(last) + 1) != (start, wanted):
        raise WrongRange(f"asked for {start}-{wanted}, got {first}-{last}")
    if length_of(headers) not in (None, wanted - start):
        raise WrongRange("Content-Length and Content-Range disagree")
    return replace(head, total=int(total))
