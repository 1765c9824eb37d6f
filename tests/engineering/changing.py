"""A MAST on a socket that serves one mnemonic, recorded whenever it changed: gaps, bursts, two values at one moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

BEGIN = datetime(2022, 7, 1, tzinfo=UTC)
_NAME = re.compile(r"-(\d{8}T\d{6})-(\d{8}T\d{6})\.csv$")


class Changing(ThreadingHTTPServer):
    """`times` are those of the samples, in seconds from `BEGIN`, in order; a sample's value is its number."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.times: list[float] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, start: datetime, end: datetime) -> list[tuple[str, float]]:
        """Time and value of the samples from one before `start` to one after `end`."""
        found = [(BEGIN + timedelta(seconds=s), float(n)) for n, s in enumerate(self.times)]
        before = [f for f in found if f[0] < start][-1:]
        after = [f for f in found if f[0] > end][:1]
        chosen = [*before, *(f for f in found if start <= f[0] <= end), *after]
        return [(t.strftime("%Y-%m-%d %H:%M:%S.%f"), v) for t, v in chosen]


class _Answers(BaseHTTPRequestHandler):
    server: Changing

    def do_GET(self) -> None:
        found = _NAME.search(self.path)
        assert found
        start, end = (datetime.strptime(t, "%Y%m%dT%H%M%S").replace(tzinfo=UTC) for t in found.groups())
        lines = [f"{time},59761.0,{value},real\r\n" for time, value in self.server.answer(start, end)]
        body = "".join(["theTime,MJD,euvalue,sqldataType\r\n", *lines]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[Changing]:
    """One on a free port."""
    with Changing() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
