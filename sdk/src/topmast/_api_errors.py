"""What the service answers when it refuses; the whole tree is drawn in `_errors`."""

from __future__ import annotations

from typing import Any

from ._errors import TopmastError
from ._held import HOW_TO_STORE


class ApiError(TopmastError):
    """The service refused, and said why (RFC 9457).

    Attributes
    ----------
    status : int
    code : str
        Stable; each has a page at ``/problems/<code>`` of the service.
    detail : str
    errors : list of dict
        ``pointer``, ``detail`` and ``suggestions`` of each offending member.
    request_id : str
    retry_after : float or None
        Seconds.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str,
        hint: str | None = None,
        errors: list[dict[str, Any]] | None = None,
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, hint=hint)
        self.detail = detail
        self.status = status
        self.code = code
        self.errors = errors or []
        self.request_id = request_id
        self.retry_after = retry_after

    def _sentence(self) -> str:
        members = "; ".join(filter(None, (_member(entry, self.detail) for entry in self.errors)))
        text = super()._sentence()
        return f"{self.status} {self.code}: {text}" + (f" ({members})" if members else "")

    def _trailer(self) -> str:
        return f"[request {self.request_id}]" if self.request_id else ""


def _member(entry: dict[str, Any], said: str) -> str:
    """One offending member; words that the detail has already are not said twice."""
    detail = str(entry.get("detail") or "").rstrip(".")
    words = "" if detail in said else detail
    near = ", ".join(str(name) for name in entry.get("suggestions") or [])
    parts = [str(entry.get("pointer") or ""), words, f"nearest: {near}" if near else ""]
    return ": ".join(part for part in parts if part)


class Malformed(ApiError):
    """400: the request cannot be read."""


class BadCursor(Malformed):
    """The pages asked for belong to another question."""


class Invalid(ApiError):
    """422: understood, but not acceptable; `errors` points at each member."""


class UnknownColumn(Invalid):
    """No such column; `errors` holds the nearest names."""


class BadTarget(Invalid):
    """The target cannot be read: a name or coordinates, then a radius with its unit."""


class EmptySelection(Invalid):
    """The selection names nothing."""


class ForeignURI(Invalid):
    """Not a dataURI that topmast fetches."""


class NotAuthenticated(ApiError):
    """401: the key is missing or not known."""


class NotAllowed(ApiError):
    """403: a known user, but not for this."""


class ExclusiveAccess(NotAllowed):
    """MAST gives the file to the program's members only, and you are none, as far as it told the service."""


class NeedsMastToken(NotAllowed):
    """MAST gives this to a token only, and the service has none of yours that it takes."""

    hint = HOW_TO_STORE


class MissingScope(NotAllowed):
    """The key lacks the scope that this needs; another key of yours may have it."""


class MissingRole(NotAllowed):
    """No key of yours would do: this is for operators, or for portals."""


class UnknownUser(NotAllowed):
    """A portal asked on behalf of somebody who is no user here, or disabled."""


class OverQuota(NotAllowed):
    """It is more than you may have at once; `detail` says what would fit, ``client.me()`` what you have."""


class NotFound(ApiError):
    """404: no such thing, or somebody else's."""


class Expired(ApiError):
    """410: it was there; its files are gone."""


class Conflict(ApiError):
    """409: not in the state that this needs."""


class NotReady(Conflict):
    """The job has not finished."""


class IllegalMove(Conflict):
    """The job's phase does not allow this."""


class NoResult(Conflict):
    """The job ended without a result."""


class IdempotencyMismatch(Conflict):
    """The Idempotency-Key was used for another request."""


class TooManyRequests(ApiError):
    """429: raised once the tries of a call, or its time, are used up: each waited as long as `retry_after` says.

    `code` tells ``busy``, ``rate_limited`` (too many within a minute) and ``locked_out`` (too many wrong keys came from
    your address) apart.
    """


class ServerError(ApiError):
    """5xx: the service or what it depends on is in trouble."""


class UpstreamDown(ServerError):
    """MAST does not answer the service."""


class DiskFull(ServerError):
    """The service has no space left."""


class RedirectRefused(ApiError):
    """3xx to another host: not followed, since the key would go there."""
