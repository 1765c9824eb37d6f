"""A service on a real socket that does what a test tells it, faults included."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from topmast._clock import Clock

KEY = "tm_test_key_that_must_never_show"


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def value(self, name: str) -> str | None:
        return dict(self.query).get(name)


@dataclass(frozen=True)
class Answer:
    """What to send; after `cut` bytes of the body the connection ends, or hangs if `hold`."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    hold: bool = False


class Reset:
    """The request is read, then the connection is reset."""


class Hang:
    """The request is read, and nothing ever comes."""


Script = Callable[[Seen], Answer | Reset | Hang]


class Service:
    """`script` answers each request; `seen` keeps them."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"service": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]


@contextmanager
def serving(script: Script) -> Iterator[Service]:
    service = Service(script)
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        service.closing.set()
        service.server.shutdown()
        service.server.server_close()
        thread.join()


def in_turn(*answers: Answer | Reset | Hang) -> Script:
    """One after the other; the last one stays."""
    left = list(answers)
    return lambda _seen: left.pop(0) if len(left) > 1 else left[0]


def problem(status: int, code: str, *, headers: dict[str, str] | None = None, **members: Any) -> Answer:
    body = {"type": f"/problems/{code}", "status": status, "code": code, "title": code, **members}
    return Answer(status, body, {"Content-Type": "application/problem+json", **(headers or {})})


class Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"
    timeout = 20
    wbufsize = 1 << 16  # head and body in one packet, else each answer waits for a delayed ACK

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, parts.path, parse_qsl(parts.query, keep_blank_values=True), headers, body)
        self.service.seen.append(seen)
        answer = self.service.script(seen)
        if isinstance(answer, Answer):
            self._send(answer)
        elif isinstance(answer, Reset):
            self._reset()
        else:
            self.service.closing.wait(30)
            self.close_connection = True

    do_GET = do_PATCH = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - http.server's names

    def _send(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if answer.cut is None else body[: answer.cut])
        if answer.cut is not None:
            self.wfile.flush()
            self.close_connection = True
        if answer.hold:
            self.service.closing.wait(30)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_arguments: Any) -> None:
        """Silence."""


class FakeClock(Clock):
    """Time that passes only where somebody sleeps; `sleeps` keeps the pauses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, until: threading.Event | None = None) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def fraction(self) -> float:
        return 0.5
