"""gunicorn's threads, and a limit on how long a client may take to say what it wants.

gunicorn waits for the first byte without a thread, and for all others with one: as many clients as there are threads,
each sending a byte now and then (a "slow loris", in headers or in a body), were enough that nobody else was served. No
timeout of a socket notices them, since something always comes.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from topmast_service.api import gunicorn_settings

_WITHOUT_BODY = frozenset({"GET", "HEAD"})


class ReadingWorker(ThreadWorker):
    """A worker that hangs up on whoever has not sent a whole request in time: TLS's handshake, headers, body."""

    def init_process(self) -> None:
        """Begin."""
        self._until: dict[Any, float] = {}
        self._requests: dict[Any, Any] = {}
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Serve one request; called on one of the threads, as soon as something comes."""
        self._until[conn] = time.monotonic() + gunicorn_settings.READ_WITHIN
        try:
            return super().handle(conn)
        finally:
            self._until.pop(conn, None)
            self._requests.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose headers have come; if it brings a body, that must come in time as well."""
        stalled: float = gunicorn_settings.SEND_TIMEOUT
        if req.method in _WITHOUT_BODY:
            self._until.pop(conn, None)
        else:
            self._requests[conn] = req
            stalled += gunicorn_settings.READ_WITHIN  # it counts for reading, too, which has its limit here
        if self.cfg.is_ssl:  # through TLS the limit of `when_ready` is not felt: OpenSSL is asked to write again
            conn.sock.settimeout(stalled)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Hang up on those who are late; called about once a second, on the thread that accepts."""
        super().murder_pending()
        now = time.monotonic()
        for conn, until in list(self._until.items()):
            if until < now and self._until.pop(conn, 0.0) and not self._read(conn):
                self._hang_up(conn)

    def _read(self, conn: Any) -> bool:
        """Whether all of the body has come: then what takes so long is the answer."""
        request = self._requests.get(conn)
        reader = request.body.reader if request else None
        return reader is not None and (not getattr(reader, "length", 1) or getattr(reader, "parser", 1) is None)

    def _hang_up(self, conn: Any) -> None:
        self.log.warning("Hung up on %s: its request did not come to an end in time.", conn.client)
        with suppress(OSError):  # below TLS, whose own shutdown would wait for the thread that is reading
            socket.socket.shutdown(conn.sock, socket.SHUT_RDWR)
