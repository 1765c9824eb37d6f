"""What gunicorn must be told for this API: ``--config python:topmast_service.api.gunicorn_settings``."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
from collections.abc import Callable
from typing import Any

from topmast_service import logs
from topmast_service.config import from_environment

logconfig_dict = logs.config(from_environment(), "api")
"""gunicorn's own lines like ours. It writes addresses when a request breaks it, and where an operator asks for access
logs: no line may hold a link that opens something, since who may read logs is not who may have the data."""

limit_request_line = 8190
"""Bytes of an address, gunicorn's highest bound: its default of 4,094 refuses a bulk poll of 200 ids."""

limit_request_fields, limit_request_field_size = 50, 8190
"""Headers of a request, and bytes of each: no client of ours sends twenty."""

worker_class = "topmast_service.api.reading_worker.ReadingWorker"

READ_WITHIN = 60
"""Seconds from a request's first byte to the end of its body, 10 MB at most; clients that drip lose their thread."""

SEND_TIMEOUT = 60
"""Seconds. A client that stops reading gives its thread back; half of the threads could be lost to such otherwise."""


def ssl_context(config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """TLS of the port, if it has some: 1.2 or later, whatever the machine's OpenSSL would still take."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def when_ready(server: Any) -> None:
    """Limit how long a write may stall; connections inherit it from the socket that accepts them (Linux)."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT, 0))


def post_request(worker: Any, request: Any, environ: dict[str, Any], response: Any) -> None:
    """Cut a connection whose write failed.

    gunicorn would take leave of it politely, on the thread that accepts connections: two seconds for each stalled
    reader (measured), in which nobody else is served.
    """
    if isinstance(sys.exc_info()[1], OSError) and "gunicorn.socket" in environ:
        with contextlib.suppress(OSError):
            environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
