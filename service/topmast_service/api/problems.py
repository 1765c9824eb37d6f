"""Every error leaves as ``application/problem+json`` (RFC 9457), whatever raised it, and the contract says so too."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

import flask_smorest
from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException

from topmast_service.api import http_errors
from topmast_service.api.envelope import request_id
from topmast_service.api.schemas.problem import Problem
from topmast_service.domain.links import masked
from topmast_service.domain.redaction import redacted
from topmast_service.errors import NotFound, StoreUnavailable, TopmastError
from topmast_service.store.connection import UNAVAILABLE

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS, MAX_TEXT = 50, 1000
"""Members pointed at, and characters of each text: an answer never grows with a hostile request."""

STATUS_OF_KIND: Mapping[str, int] = {
    "usage": 422, "denied": 403, "not_found": 404, "conflict": 409, "busy": 503, "upstream": 502, "fatal": 500,
}  # fmt: skip
STATUS_OF_CODE: Mapping[str, int] = {
    "malformed": 400,
    "cursor_mismatch": 400,
    "unauthenticated": 401,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "expired": 410,
    "link_expired": 410,
    "precondition_failed": 412,
    "too_large": 413,
    "archive_too_large": 413,
    "unsupported_media_type": 415,
    "range_not_satisfiable": 416,
    "rate_limited": 429,
    "locked_out": 429,
    "disk_full": 507,
}
"""Codes that HTTP has a finer word for than their kind."""

_log = logging.getLogger(__name__)


def status_of(error: TopmastError | type[TopmastError]) -> int:
    """The HTTP status of an error."""
    return STATUS_OF_CODE.get(error.code, STATUS_OF_KIND[error.kind])


class ProblemApi(flask_smorest.Api):
    """flask-smorest with one shape of errors."""

    ERROR_SCHEMA = Problem
    DEFAULT_ERROR_RESPONSE_NAME = None  # every status is declared where it can happen; "default" would hide a gap

    def _register_pagination_header(self) -> None:
        """Pages here are told in the body and in Link; flask-smorest's own header is not used."""

    def _register_error_handlers(self) -> None:
        app: Flask = self._app
        app.register_error_handler(TopmastError, answer)
        app.register_error_handler(HTTPException, _of_framework)
        app.register_error_handler(Exception, _unexpected)
        for away in UNAVAILABLE:
            app.register_error_handler(away, _store_away)


def answer(error: TopmastError, headers: Mapping[str, str] | None = None) -> Response:
    """The response that tells `error`."""
    status = status_of(error)
    document = told(error, request_id())
    return Response(json.dumps(document), status, {**(headers or {}), **_headers(error, status)}, MEDIA_TYPE)


def told(error: TopmastError, request: str) -> dict[str, Any]:
    """`error` as RFC 9457 writes it."""
    return {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": status_of(error),
        "detail": _shown(error.detail),
        "code": error.code,
        "hint": error.hint[:MAX_TEXT],
        "request_id": request,
        "errors": [_shortened(entry) for entry in error.errors[:MAX_ERRORS]],
    }


def _shortened(entry: Mapping[str, Any]) -> dict[str, Any]:
    suggestions = [str(s)[:MAX_TEXT] for s in entry.get("suggestions", ())]
    texts = {name: _shown(str(entry.get(name, ""))) for name in ("pointer", "detail")}
    return {**texts, "suggestions": suggestions}


def _shown(text: str) -> str:
    """A detail may quote the request, or what MAST said: cut well behind what is shown, lest half a secret be left."""
    return redacted(text[: 4 * MAX_TEXT])[:MAX_TEXT]


def _headers(error: TopmastError, status: int) -> dict[str, str]:
    wait = error.retry_after or (5 if status == 503 else None)
    headers = {"Retry-After": str(math.ceil(wait))} if wait else {}
    return headers | ({"WWW-Authenticate": 'Bearer realm="topmast"'} if status == 401 else {})


def _of_framework(error: HTTPException) -> Response:
    """Keeps the headers that belong to the status: Allow of a 405, Content-Range of a 416."""
    kept = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    if error.code == 404:
        return answer(NotFound("There is nothing at this address.", hint="`/openapi.yaml` lists all addresses."), kept)
    if (error.code or 500) >= 500:
        return _unexpected(error)
    return answer(http_errors.of_status(error.code or 400)(), kept)


def _store_away(error: Exception) -> Response:
    _log.warning("store unavailable: %s", type(error).__name__)
    return answer(StoreUnavailable(retry_after=5))


def _unexpected(error: Exception) -> Response:
    """What went wrong is for the log, under the id that the user is told; not for the user."""
    _log.error("request_id=%s %s %r", request_id(), request.method, masked(request.path), exc_info=error)
    return answer(TopmastError("topmast failed at this request; the cause is in its log."))
