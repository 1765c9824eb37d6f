"""Whether a process answers yet. Each question takes one connection and at most two seconds."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection

PATIENCE = 2.0


def http_ok(host: str, port: int, path: str, *, tls: bool = False) -> bool:
    """Whether GET `path` gives 200; asked directly, whatever proxies the environment names.

    With `tls`, whoever answers is believed to be the one: the question holds no secret, and its own certificate may
    name any host.
    """
    plain = HTTPConnection(host, port, timeout=PATIENCE)
    asked = HTTPSConnection(host, port, timeout=PATIENCE, context=_trusting()) if tls else plain
    with closing(asked) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def ftp_greets(host: str, port: int) -> bool:
    """Whether an FTP server says 220; takes its leave, so that no error lands in its log."""
    try:
        with socket.create_connection((host, port), PATIENCE) as connection:
            greeting = connection.recv(4096)
            connection.sendall(b"QUIT\r\n")
            connection.recv(4096)
    except OSError:
        return False
    return greeting.startswith(b"220")


def redis_answers(path: str) -> bool:
    """Whether Redis has read its file: while it has not, PING gives an error."""
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect(path)
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
