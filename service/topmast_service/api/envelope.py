"""What every answer carries, whatever it says: the request's id, and headers that keep browsers from guessing."""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

_ID = re.compile(r"[!-~]{1,128}")
_HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def request_id() -> str:
    """The caller's X-Request-Id if it is 1–128 visible ASCII characters, else one made for this request."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _ID.fullmatch(given) else f"r_{secrets.token_hex(8)}"
    return str(g.request_id)


def wrap(app: Flask) -> None:
    """Give every answer of `app` its envelope, and every log line about a request the request's id."""
    app.before_request(_begun)
    app.after_request(_wrapped)


def _begun() -> None:
    """A thread that served somebody else before knows nothing of them now."""
    clear_contextvars()
    bind_contextvars(request_id=request_id())


def _wrapped(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.path.startswith("/v1/"):
        response.headers.setdefault("Cache-Control", "private, no-cache")
    if response.mimetype == "text/html":
        # a box's own page brings a policy that knows its script (api/boxes.py)
        response.headers.setdefault("Content-Security-Policy", _HTML_POLICY)
        response.headers["Referrer-Policy"] = "no-referrer"
    return response
