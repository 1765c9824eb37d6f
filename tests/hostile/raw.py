"""A server on loopback that says exactly what a test wants said, byte by byte, and counts who came."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behave = Callable[[socket.socket, threading.Event], None]
"""Gets a connection whose request has been read, and an event that is set when the test is over."""


@dataclass
class Raw:
    """A running server; `asked` has the requests as they came."""

    port: int
    asked: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def raw(behave: Behave, context: ssl.SSLContext | None = None) -> Iterator[Raw]:
    """Serve each connection in a thread; with `context` over TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Raw(listener.getsockname()[1])
        threads = [threading.Thread(target=_accept, args=(listener, server, behave, context))]
        threads[0].start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            threads[0].join()


def _accept(listener: socket.socket, server: Raw, behave: Behave, context: ssl.SSLContext | None) -> None:
    threads: list[threading.Thread] = []
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threads.append(threading.Thread(target=_serve, args=(connection, server, behave, context)))
            threads[-1].start()
    for thread in threads:
        thread.join()


def _serve(connection: socket.socket, server: Raw, behave: Behave, context: ssl.SSLContext | None) -> None:
    with suppress(OSError), context.wrap_socket(connection, server_side=True) if context else connection as line:
        line.settimeout(10)
        server.asked.append(_request(line))
        behave(line, server.over)


def _request(line: socket.socket) -> bytes:
    came = b""
    while b"\r\n\r\n" not in came and (more := line.recv(4096)):
        came += more
    return came


def saying(answer: bytes) -> Behave:
    """Say this and hang up."""
    return lambda line, over: line.sendall(answer)


def dripping(start: bytes, drop: bytes = b"x", every: float = 0.05) -> Behave:
    """Say `start`, then a drop now and then, for as long as the test lasts."""

    def behave(line: socket.socket, over: threading.Event) -> None:
        line.sendall(start)
        while not over.wait(every):
            line.sendall(drop)

    return behave
