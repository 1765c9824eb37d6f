"""HTTP by hand: what really comes over the connection, and how the connection ends."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit


@dataclass
class Raw:
    """One answer as bytes: `end` is ``closed`` (FIN), ``reset`` (RST) or ``silent`` (nothing more in time)."""

    end: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def ask(url: str, uri: str, method: str = "GET", timeout: float = 5.0, **headers: str) -> Raw:
    """Ask for a file and read until the connection ends or nothing comes for `timeout` seconds."""
    path = f"/api/v0.1/Download/file?uri={quote(uri)}"
    return exchange(url, method, path, timeout=timeout, **headers)


def exchange(url: str, method: str, path: str, *, body: bytes = b"", timeout: float = 5.0, **headers: str) -> Raw:
    """Send one request with ``Connection: close``; header names are written with underscores."""
    address = urlsplit(url)
    told = {"Host": address.netloc, "Connection": "close"} | {k.replace("_", "-"): v for k, v in headers.items()}
    told |= {"Content-Length": str(len(body))} if body else {}
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in told.items()), "", ""]
    with socket.create_connection((address.hostname, address.port), timeout=timeout) as connection:
        connection.sendall("\r\n".join(lines).encode() + body)
        received, end = _all_of(connection)
    head, _, rest = received.partition(b"\r\n\r\n")
    if not head:
        return Raw(end)
    first, *fields = head.decode("latin-1").split("\r\n")
    names = dict(line.split(": ", 1) for line in fields)
    return Raw(end, int(first.split()[1]), names, rest)


def _all_of(connection: socket.socket) -> tuple[bytes, str]:
    received = bytearray()
    try:
        while chunk := connection.recv(1 << 16):
            received += chunk
    except ConnectionResetError:
        return bytes(received), "reset"
    except TimeoutError:
        return bytes(received), "silent"
    return bytes(received), "closed"
