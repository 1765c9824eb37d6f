"""Bytes over HTTP: the only module that knows httpx2.

Nothing of httpx2 leaves it, neither types nor exceptions, so that another library would be a change of one file.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import httpx2

from ._clock import Deadline
from ._errors import ConfigError, ConnectFailed, ConnectionLost, TimedOut, TransportError, UsageError
from ._messages import Reply, Request

CONNECT_TIMEOUT = 10.0  # seconds; a host that is up accepts within one, a dead one should not cost thirty


@dataclass(frozen=True)
class Stream:
    """An answer whose body is still on its way."""

    head: Reply
    _response: httpx2.Response
    _deadline: Deadline

    def chunks(self) -> Iterator[bytes]:
        """The body piece by piece, as it was sent; the deadline holds over all of it."""
        # No chunk size: httpx2 would hold back less than one, and lose it when the connection breaks.
        for chunk in self._response.iter_raw() if self._identity() else self._response.iter_bytes():
            yield chunk
            if self._deadline.passed:
                raise TimedOut(
                    f"{self.head.method} {self.head.url} did not end in time",
                    method=self.head.method,
                    url=self.head.url,
                )

    def read(self) -> Reply:
        """The whole answer."""
        head = self.head
        return Reply(head.method, head.url, head.status, head.headers, b"".join(self.chunks()))

    def _identity(self) -> bool:
        return self.head.headers.get("content-encoding", "identity") == "identity"


class Transport:
    """Connections to one service, shared by threads. Redirects are answers here, never followed."""

    def __init__(self, base_url: str, *, headers: Mapping[str, str]) -> None:
        self.base_url = base_url.rstrip("/")
        try:
            self._client = httpx2.Client(headers=dict(headers), follow_redirects=False)
        except (ValueError, OSError, httpx2.InvalidURL) as error:
            # A proxy variable or a certificate file of the environment that does not work.
            raise ConfigError(f"cannot prepare connections: {error}") from error
        # A notebook drops its client without closing it; the sockets then go with the last snapshot.
        self._finalizer = weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Close every connection."""
        self._finalizer()

    @contextmanager
    def open(self, request: Request, *, silence: float, deadline: Deadline) -> Iterator[Stream]:
        """Send `request` and give its answer; no read may take longer than `silence` seconds or the deadline."""
        url = self.base_url + request.path
        if self._client.is_closed:
            raise UsageError("this client is closed", hint="Make a new topmast.Client().")
        try:
            with self._client.stream(
                request.method,
                url,
                params=list(request.params) or None,
                json=request.json,
                headers=dict(request.headers),
                timeout=_timeouts(silence, deadline),
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                head = Reply(request.method, url, response.status_code, headers)
                yield Stream(head, response, deadline)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            _translate(error, request.method, url)


def _timeouts(silence: float, deadline: Deadline) -> httpx2.Timeout:
    # Zero would mean "do not block" to a socket; a passed deadline still gets one very short look.
    read = max(0.001, deadline.cut(silence))
    return httpx2.Timeout(read, connect=min(read, CONNECT_TIMEOUT), pool=read)


def _translate(error: Exception, method: str, url: str) -> NoReturn:
    reason = str(error) or type(error).__name__
    kinds: tuple[tuple[type[Exception], type[TransportError], str], ...] = (
        (httpx2.ConnectError, ConnectFailed, f"cannot connect to {url}: {reason}"),
        (httpx2.ConnectTimeout, ConnectFailed, f"cannot connect to {url} in time"),
        (httpx2.TimeoutException, TimedOut, f"{method} {url}: no answer in time"),
    )
    for theirs, ours, message in kinds:
        if isinstance(error, theirs):
            raise ours(message, method=method, url=url) from error
    raise ConnectionLost(f"{method} {url}: the connection broke ({reason})", method=method, url=url) from error
