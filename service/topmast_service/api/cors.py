"""Browsers' programs from other sites (CORS, in the Fetch standard): none, unless the operator lists the site.

Ours, not Flask-CORS: that answers preflights through Flask's own OPTIONS, which this API has turned off so that 405
means 405, and takes patterns and `*`; here an origin is one of a list or it is not, and credentials never go along.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed

from topmast_service.errors import Invalid

READ = (
    "Location", "Link", "ETag", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id", "Idempotency-Replayed",
    "Preference-Applied", "Content-Disposition", "Content-Range", "Accept-Ranges", "Repr-Digest", "WWW-Authenticate",
    "Allow", "Deprecation", "Sunset",
)  # fmt: skip
"""Headers of answers that a program may read; Content-Type and Content-Length it may without being told."""

SENT = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range", "Last-Event-ID",
    "Prefer", "Range", "X-On-Behalf-Of", "X-Request-Id",
)  # fmt: skip
"""Headers that a program may send."""

MAX_AGE = 3600
"""Seconds that a browser may remember a preflight's answer."""

_HOST = re.compile(r"[a-z0-9.-]+(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?")


def origins_of(setting: str) -> frozenset[str]:
    """The sites of a setting, split by commas, as browsers write them (RFC 6454 §6.2).

    Raises
    ------
    Invalid
        One is no ``https://host[:port]``: as it is written, no browser would ever match it.
    """
    origins = {word.strip() for word in setting.split(",") if word.strip()}
    for origin in origins:
        scheme, host = urlsplit(origin)[:2]
        if scheme not in {"https", "http"} or not _HOST.fullmatch(host) or origin != f"{scheme}://{host}":
            hint = "Write scheme, host and port, in small letters and no more: `https://portal.example.org`."
            raise Invalid(f"TOPMAST_CORS_ORIGINS: {origin!r} is no origin.", hint=hint)
    return frozenset(origins)


def allow(app: Flask, origins: frozenset[str]) -> None:
    """Let programs of these sites read what `app` answers; without any, nothing changes."""
    if origins:
        app.before_request(_preflight(origins))
        app.after_request(_readable(origins))


def _preflight(origins: frozenset[str]) -> Callable[[], Response | None]:
    """The answer to a browser that asks whether it may; it carries no key, so it comes before the look at one."""

    def answer() -> Response | None:
        asked = "Access-Control-Request-Method" in request.headers and request.headers.get("Origin") in origins
        there = request.routing_exception
        if request.method != "OPTIONS" or not asked or not isinstance(there, MethodNotAllowed):
            return None
        told = {
            "Access-Control-Allow-Methods": ", ".join(sorted(there.valid_methods or ())),
            "Access-Control-Allow-Headers": ", ".join(SENT),
            "Access-Control-Max-Age": str(MAX_AGE),
        }
        return Response(status=204, headers=told)

    return answer


def _readable(origins: frozenset[str]) -> Callable[[Response], Response]:
    def tell(response: Response) -> Response:
        response.vary.add("Origin")  # also where there is none: a cache must not give that answer to a browser
        origin = request.headers.get("Origin")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = ", ".join(READ)
        return response

    return tell
