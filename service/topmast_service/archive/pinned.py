"""urllib3's connections, going where they are told, and cut when an answer's headers do not come to an end."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Timer
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

Addresses = Callable[[str, int], Sequence[str]]


class _Cut:
    """Shuts a connection down after a time; works on a descriptor of its own, which outlives TLS taking over."""

    def __init__(self, connection: socket.socket, after: float) -> None:
        self.done = False
        self._line = connection.dup()
        self._timer = Timer(after, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.done = True
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def call_off(self) -> None:
        """It came in time."""
        self._timer.cancel()
        self._line.close()


class _Pinned(HTTPConnection):
    """A connection to one of the addresses that `addresses` gave for its host."""

    addresses: Addresses
    answer_within: float
    _limit: _Cut | None = None

    def _new_conn(self) -> socket.socket:
        """What urllib3 calls to connect: the one place where a name becomes an address."""
        connection = self._first(type(self).addresses(self._dns_host, int(self.port or self.default_port)))
        self._limit = _Cut(connection, self.answer_within)
        return connection

    def _first(self, addresses: Sequence[str]) -> socket.socket:
        failure: Exception = OSError("no address")
        for address in addresses:
            try:
                there = (address, int(self.port or self.default_port))
                return create_connection(there, self.timeout, self.source_address, self.socket_options)
            except TimeoutError:
                failure = ConnectTimeoutError(self, f"{self.host} takes too long to connect to.")
            except OSError as error:
                failure = NewConnectionError(self, f"{self.host} cannot be connected to: {error}")
        raise failure

    def getresponse(self) -> Any:
        """The answer, once all its headers are there.

        Raises
        ------
        TimeoutError
            They took too long. (http.client would take a header block that was cut for a whole one.)
        """
        limit = self._limit or _Cut(self.sock, self.answer_within)  # a connection that is used again has none
        self._limit = None
        try:
            answer = super().getresponse()
        finally:
            limit.call_off()
        if limit.done:
            answer.close()
            raise TimeoutError("The answer's headers did not come to an end.")
        return answer

    def close(self) -> None:
        """Close it; nothing is left to cut."""
        if self._limit:
            self._limit.call_off()
            self._limit = None
        super().close()


def plain_pool(addresses: Addresses, answer_within: float) -> type[HTTPConnectionPool]:
    """A class of pools for ``http://``."""
    said = {"addresses": staticmethod(addresses), "answer_within": answer_within}
    return type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": type("Plain", (_Pinned,), said)})


def https_pool(addresses: Addresses, answer_within: float) -> type[HTTPSConnectionPool]:
    """A class of pools for ``https://``: TLS is spoken, and verified, with the host's name."""
    said = {"addresses": staticmethod(addresses), "answer_within": answer_within}
    kind = type("Secure", (_Pinned, HTTPSConnection), said)
    return type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": kind})
