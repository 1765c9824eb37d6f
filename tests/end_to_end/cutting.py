"""A connection to the service that ends on the way, as those through a bad network do."""

from __future__ import annotations

import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

SILENCE = 20.0


class Cutting(socketserver.ThreadingTCPServer):
    """Passes everything on; after each number of bytes of `cuts` the connection that brought the last one ends."""

    daemon_threads = True

    def __init__(self, url: str, cuts: list[int]) -> None:
        place = urlsplit(url)
        self.behind = str(place.hostname), place.port or 80
        self.cuts, self.passed, self.lock = list(cuts), 0, threading.Lock()
        super().__init__(("127.0.0.1", 0), _Connection)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def allowed(self, came: int) -> int:
        """How many of these bytes still go through."""
        with self.lock:
            whole = not self.cuts or came < self.cuts[0]
            some = came if whole else self.cuts.pop(0)
            self.cuts[:1] = [left - some for left in self.cuts[:1]] if whole else self.cuts[:1]
            self.passed += some
            return some


class _Connection(socketserver.BaseRequestHandler):
    server: Cutting

    def handle(self) -> None:
        with socket.create_connection(self.server.behind, SILENCE) as service:
            ways = {self.request: service, service: self.request}
            while ready := select.select([*ways], [], [], SILENCE)[0]:
                if not all(self._pass(source, ways[source], service) for source in ready):
                    return

    def _pass(self, source: socket.socket, target: socket.socket, service: socket.socket) -> bool:
        try:
            data = source.recv(1 << 16)
            some = self.server.allowed(len(data)) if source is service else len(data)
            target.sendall(data[:some])
        except OSError:
            return False
        if some < len(data):
            self.request.shutdown(socket.SHUT_RDWR)  # a reset would also drop what had arrived: no way to count
        return bool(data) and some == len(data)

    def finish(self) -> None:
        self.request.close()


@contextmanager
def cutting(url: str, cuts: list[int]) -> Iterator[Cutting]:
    """The service at `url` behind a bad network."""
    with Cutting(url, cuts) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
