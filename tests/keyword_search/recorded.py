"""A Portal that answers with rows as they were recorded, whatever the filters: rows that the sandbox would not make."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Rows = list[dict[str, Any]]


@dataclass
class Recorded:
    """`rows` by service (others have none); `asked` are the requests, as they came."""

    url: str
    rows: Mapping[str, Rows]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """One page."""
        self.asked.append(request)
        rows = self.rows.get(request["service"], [])
        if request["params"].get("columns") == "COUNT_BIG(*)":
            rows = [{"Column1": len(rows)}]
        page, size = request["page"], request["pagesize"]
        part = rows[(page - 1) * size : page * size]
        pages = max(1, -(-len(rows) // size))
        paging = {"page": page, "pageSize": size, "pagesFiltered": pages, "rows": len(part), "rowsFiltered": len(rows)}
        return {"status": "COMPLETE", "msg": "", "fields": [], "data": part, "paging": paging}


@contextmanager
def recorded(rows: Mapping[str, Rows]) -> Iterator[Recorded]:
    """Such a Portal on localhost."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = parse_qs(body).get("request")
            text = json.dumps(portal.answer(json.loads(asked[0])) if asked else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Nothing: tests look at `asked`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        portal = Recorded(f"http://127.0.0.1:{server.server_port}", rows)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield portal
        server.shutdown()
        thread.join()
