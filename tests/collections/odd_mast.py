"""A MAST that describes its columns in whatever way a test wants: the sandbox is never odd enough."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

Answer = Any
"""A document, or (status, bytes) as they are."""


@contextmanager
def odd_mast(configurations: Mapping[str, Answer], keywords: Answer) -> Iterator[str]:
    """Its address. `configurations` are by the name of the service; all others are unknown (``{}``)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet, not two that wait for each other

        def do_GET(self) -> None:
            self._send(keywords)

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(configurations.get(parse_qs(asked)["colConfigId"][0], {}))

        def _send(self, answer: Answer) -> None:
            status, body = answer if isinstance(answer, tuple) else (200, json.dumps(answer).encode())
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
