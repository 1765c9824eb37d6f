"""Single questions to MAST, answered with everything that was said and no more: what `doctor --live` reports.

Nothing here follows, retries, resumes or sends a token; of a body only the beginning is read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

DOWNLOAD = "/api/v0.1/Download/file"
INVOKE = "/api/v0/invoke"
COLUMNS_CONFIG = "/portal/Mashup/Mashup.asmx/columnsconfig"

POLITE = 1.0
"""Seconds between two questions."""

_MOST = 2_000_000  # bytes read of a JSON answer; of files, only as many as were asked for
_HIDDEN = "(not shown)"


@dataclass(frozen=True)
class Answer:
    """What came back; `status` 0 and `error` when nothing did. `body` is its beginning, `seconds` until it was read."""

    asked: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0
    error: str = ""

    def json(self) -> Any:
        """The body as JSON; raises ValueError where it is none."""
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """One header, whatever its case; empty when it is absent."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


class Probe:
    """Asks one question at a time, with a pause between two.

    Parameters
    ----------
    base_url
        MAST, or a sandbox.
    pause
        Called with the seconds to wait before each question but the first.
    """

    def __init__(self, base_url: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._base = base_url.rstrip("/")
        self._pause = pause
        self._pool = urllib3.PoolManager(
            num_pools=1,
            retries=False,
            timeout=urllib3.Timeout(connect=10, read=90),  # MAST holds a poll for 20 s, and searches take as long
            headers={"User-Agent": "topmast-doctor", "Accept-Encoding": "identity"},
        )
        self.answers: list[Answer] = []

    def file(self, method: str, uri: str, **headers: str) -> Answer:
        """Ask for a file; never reads more than 64 kB of it."""
        return self.ask(method, f"{DOWNLOAD}?uri={quote(uri, safe=':/')}", headers=headers, most=1 << 16)

    def invoke(self, service: str, params: Mapping[str, Any], page: int = 1, size: int = 20) -> Answer:
        """Ask a Portal service for one page, as astroquery words it; polls once more while it is EXECUTING."""
        question = {"service": service, "params": params, "format": "json", "pagesize": size, "page": page}
        body = "request=" + quote(json.dumps(question))
        answer = self._form(INVOKE, body)
        return self._form(INVOKE, body) if b'"EXECUTING"' in answer.body[:200] else answer

    def columns(self, name: str) -> Answer:
        """Ask for a service's column descriptions."""
        return self._form(COLUMNS_CONFIG, urlencode({"colConfigId": name}))

    def post(self, path: str, document: Any) -> Answer:
        """Ask a JSON service."""
        return self.ask("POST", path, body=json.dumps(document), headers={"Content-Type": "application/json"})

    def close(self) -> None:
        """Drop the connection."""
        self._pool.clear()

    def _form(self, path: str, body: str) -> Answer:
        return self.ask("POST", path, body=body, headers={"Content-Type": "application/x-www-form-urlencoded"})

    def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: str = "", most: int = _MOST
    ) -> Answer:
        """One request. Headers are told in `asked`, except those that every request has."""
        if self.answers:
            self._pause(POLITE)
        asked = " ".join([method, path, *(f"{k}: {v}" for k, v in (headers or {}).items() if k != "Content-Type")])
        begun = time.monotonic()
        try:
            response = self._pool.request(
                method,
                self._base + path,
                headers={**self._pool.headers, **(headers or {})},
                body=body or None,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            content = _beginning(response, 0 if method == "HEAD" else most)
            shown = {name: _shown(name, value) for name, value in response.headers.items()}
            answer = Answer(asked, response.status, shown, content, _since(begun))
        except HTTPError as error:
            answer = Answer(asked, seconds=_since(begun), error=type(error).__name__)
        self.answers.append(answer)
        return answer


def _beginning(response: urllib3.BaseHTTPResponse, most: int) -> bytes:
    try:
        return response.read(most) if most else b""
    finally:
        response.close()
        response.release_conn()


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 3)


def _shown(name: str, value: str) -> str:
    """A header as it may be sent to others: no cookie, and no query of a redirect, which may be a signed one."""
    if "cookie" in name.lower():
        return _HIDDEN
    if name.lower() in {"location", "content-location"}:
        pieces = urlsplit(value)
        return pieces._replace(query=_HIDDEN if pieces.query else "", netloc=pieces.hostname or "").geturl()
    return value
