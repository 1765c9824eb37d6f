"""A server on a real socket that serves one file rightly, and lies, cuts or stalls exactly when told to."""

from __future__ import annotations

import io
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
from astropy.io import fits

URI = "mast:JWST/product/jw01558005001_02101_00001_mirimage_i2d.fits"


def fits_bytes(seed: int = 1, side: int = 300, cards: int = 300, date: str = "2025-01-02T03:04:05") -> bytes:
    """A FITS file as astropy writes it, with a primary header of several blocks."""
    primary = fits.PrimaryHDU()
    primary.header["DATE"] = date
    primary.header["CAL_VER"] = "1.17.1"
    primary.header["CRDS_CTX"] = "jwst_1322.pmap"
    for number in range(cards):
        primary.header[f"KEY{number:05d}"] = number
    pixels = np.random.default_rng(seed).normal(size=(side, side)).astype(">f4")
    file = io.BytesIO()
    fits.HDUList([primary, fits.ImageHDU(pixels, name="SCI")]).writeto(file)
    return file.getvalue()


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    uri: str
    range: str | None
    if_range: str | None
    headers: dict[str, str]


Answer = Callable[["Handler", "Script"], None]


@dataclass
class Script:
    """What is served, and the odd answers that come first: each GET takes one from `answers` while there are any."""

    body: bytes = b""
    etag: str | None = None
    last_modified: str | None = None
    ranges: bool = True
    heads: bool = True
    media_type: str = "application/fits"
    answers: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def gets(self) -> list[Asked]:
        """The GET requests so far."""
        return [asked for asked in self.asked if asked.method == "GET"]


class Handler(BaseHTTPRequestHandler):
    """Serves `Script` as RFC 9110 says, unless an answer says otherwise."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body leave apart: 40 ms for each answer otherwise
    script: Script

    def do_GET(self) -> None:
        """One answer from the script, or the file."""
        self._note()
        answer = self.script.answers.popleft() if self.script.answers else healthy
        answer(self, self.script)

    def do_HEAD(self) -> None:
        """The file's headers, or 405."""
        self._note()
        if self.script.heads:
            headers(self, 200, len(self.script.body))
        else:
            headers(self, 405, 0)

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def _note(self) -> None:
        uri = parse_qs(urlsplit(self.path).query).get("uri", [""])[0]
        said = dict(self.headers)
        self.script.asked.append(Asked(self.command, uri, said.get("Range"), said.get("If-Range"), said))


def headers(handler: Handler, status: int, length: int | None, **more: str) -> None:
    """Send the status line and the usual headers."""
    script = handler.script
    handler.send_response(status)
    known = {"Content-Type": script.media_type, "ETag": script.etag, "Last-Modified": script.last_modified}
    known |= {"Content-Length": None if length is None else str(length)}
    known |= {name.replace("_", "-"): value for name, value in more.items()}
    for name, value in known.items():
        if value is not None:
            handler.send_header(name, value)
    handler.end_headers()


def span(handler: Handler, script: Script) -> tuple[int, int] | None:
    """The range to answer with, or None for the whole."""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
    condition = handler.headers.get("If-Range")
    if not match or not script.ranges or condition not in (None, script.etag, script.last_modified):
        return None
    end = int(match[2]) + 1 if match[2] else len(script.body)
    return int(match[1]), min(end, len(script.body))


def healthy(handler: Handler, script: Script, upto: int | None = None) -> None:
    """The right answer; with `upto`, cut after so many bytes of the body."""
    wanted = span(handler, script)
    if wanted and wanted[0] >= len(script.body):
        headers(handler, 416, 0, Content_Range=f"bytes */{len(script.body)}")
        return
    start, end = wanted or (0, len(script.body))
    extra = {"Content_Range": f"bytes {start}-{end - 1}/{len(script.body)}"} if wanted else {}
    headers(handler, 206 if wanted else 200, end - start, **extra)
    send(handler, script.body[start:end][:upto])
    handler.close_connection = upto is not None


def send(handler: Handler, body: bytes) -> None:
    """Send a body; that the client has had enough of it is no fault here."""
    try:
        handler.wfile.write(body)
    except OSError:
        handler.close_connection = True


def cut(upto: int, then: Callable[[Script], None] | None = None) -> Answer:
    """Right, but cut after `upto` bytes; `then` changes the script for the requests that follow."""

    def answer(handler: Handler, script: Script) -> None:
        healthy(handler, script, upto)
        if then:
            then(script)

    return answer


def refuse(status: int, **more: str) -> Answer:
    """A status without a body."""
    return lambda handler, _: headers(handler, status, 0, **more)


def raw(body: bytes, status: int = 200, length: int | None = None, **more: str) -> Answer:
    """Whatever is given, with whatever length is claimed; the connection ends after it."""

    def answer(handler: Handler, _: Script) -> None:
        headers(handler, status, length, Connection="close", **more)
        send(handler, body)
        handler.close_connection = True

    return answer


def stall(upto: int, until: threading.Event) -> Answer:
    """Right up to `upto` bytes, then silent until told."""

    def answer(handler: Handler, script: Script) -> None:
        healthy(handler, script, upto)
        handler.wfile.flush()
        until.wait(20)

    return answer


def long_ago() -> str:
    """A Last-Modified old enough to be a strong validator."""
    return formatdate(1_700_000_000, usegmt=True)


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what many of these tests are about."""


@contextmanager
def serving(script: Script) -> Iterator[Script]:
    """Serve it on a free loopback port."""
    server = _Server(("127.0.0.1", 0), type("ScriptHandler", (Handler,), {"script": script}))
    script.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
