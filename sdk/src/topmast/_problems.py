"""From an answer to the error it stands for."""

from __future__ import annotations

import json
from typing import Any

from . import _api_errors as e
from ._messages import Reply

BY_CODE: dict[str, type[e.ApiError]] = {
    "malformed": e.Malformed,
    "cursor_mismatch": e.BadCursor,
    "invalid": e.Invalid,
    "unknown_column": e.UnknownColumn,
    "bad_target": e.BadTarget,
    "empty_selection": e.EmptySelection,
    "foreign_uri": e.ForeignURI,
    "exclusive": e.ExclusiveAccess,
    "needs_mast_token": e.NeedsMastToken,
    "scope": e.MissingScope,
    "role": e.MissingRole,
    "unknown_user": e.UnknownUser,
    "over_quota": e.OverQuota,
    "expired": e.Expired,
    "not_ready": e.NotReady,
    "illegal_move": e.IllegalMove,
    "no_result": e.NoResult,
    "idempotency_mismatch": e.IdempotencyMismatch,
    "upstream_down": e.UpstreamDown,
    "disk_full": e.DiskFull,
}

BY_STATUS: dict[int, type[e.ApiError]] = {
    400: e.Malformed,
    401: e.NotAuthenticated,
    403: e.NotAllowed,
    404: e.NotFound,
    409: e.Conflict,
    410: e.Expired,
    422: e.Invalid,
    429: e.TooManyRequests,
}


def error_for(reply: Reply) -> e.ApiError:
    """The error that `reply` stands for; a body that is not a problem still gives the right class."""
    problem = _problem(reply)
    code = str(problem.get("code") or f"http_{reply.status}")
    errors = problem.get("errors")
    kind = _class_for(reply.status, code)
    return kind(
        str(problem.get("detail") or problem.get("title") or _plain(reply)),
        status=reply.status,
        code=code,
        hint=_hint(problem, reply, kind),
        errors=[entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else [],
        request_id=str(problem.get("request_id") or reply.headers.get("x-request-id", "")),
        retry_after=reply.retry_after(),
    )


def _problem(reply: Reply) -> dict[str, Any]:
    try:
        document = json.loads(reply.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _class_for(status: int, code: str) -> type[e.ApiError]:
    # A status whose class is generic is refined by the code, never the reverse: a proxy's 503 page stays a
    # ServerError whatever it says.
    by_status = BY_STATUS.get(status, e.ServerError if status >= 500 else e.ApiError)
    by_code = BY_CODE.get(code, by_status)
    return by_code if issubclass(by_code, by_status) else by_status


def _plain(reply: Reply) -> str:
    return f"{reply.method} {reply.url} answered: {reply.excerpt()}"


def _hint(problem: dict[str, Any], reply: Reply, kind: type[e.ApiError]) -> str | None:
    # A class of its own words says what to type here, where the service names a route.
    told = None if kind.hint else problem.get("hint")
    return str(told) if told else _fallback_hint(reply)


def _fallback_hint(reply: Reply) -> str | None:
    if reply.status == 401:
        return "Check TOPMAST_API_KEY or the api_key argument."
    if reply.status in (429, 503):
        return "Try again later."
    return None
