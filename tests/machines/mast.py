"""The smallest MAST that serves files: whole ones, some it does not have, and days when it is away."""

from __future__ import annotations

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MISSING = "gone"
"""A dataURI with this in it is answered 404."""


class Mast:
    """A server on a socket; `requests` counts GETs by dataURI."""

    def __init__(self) -> None:
        self.away = False
        self.requests: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(mast) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler inside
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def do_GET(self) -> None:
                uri = parse_qs(urlsplit(self.path).query)["uri"][0]
                mast.requests[uri] += 1
                status = 503 if mast.away else 404 if MISSING in uri else 200
                body = content(uri) if status == 200 else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("ETag", f'"{uri}"')
                if status == 503:
                    self.send_header("Retry-After", "60")
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET  # noqa: N815 - the name is http.server's

            def log_message(self, *_: Any) -> None:
                """Nothing is said."""

        return Handler


def content(uri: str) -> bytes:
    """The bytes of a file."""
    return f'{{"uri": "{uri}"}}\n'.encode()
