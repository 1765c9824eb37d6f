"""flask-smorest's blueprint, told once what every operation of this contract has in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import flask_smorest

from topmast_service.api.http_errors import TooLarge, UnsupportedMediaType
from topmast_service.api.parsing import RequestParser
from topmast_service.api.problems import MEDIA_TYPE, status_of
from topmast_service.api.schemas.problem import Problem
from topmast_service.domain.scopes import BUNDLE, READ
from topmast_service.errors import (
    Invalid,
    LockedOut,
    Malformed,
    MissingRole,
    MissingScope,
    RateLimited,
    StoreUnavailable,
    TopmastError,
    Unauthenticated,
    UnknownUser,
)

View = Callable[..., Any]
Errors = Iterable[type[TopmastError]]

OF_ALL = (RateLimited, TopmastError)
"""What every operation may answer that is counted."""

OF_KEYED = (Unauthenticated, MissingScope, MissingRole, UnknownUser, Invalid, LockedOut, StoreUnavailable, *OF_ALL)
"""What every operation with a key may answer."""

OF_BODIES = (Malformed, TooLarge, UnsupportedMediaType)
"""What every operation that takes a body may answer besides."""


class Routes(flask_smorest.Blueprint):
    """A resource's routes."""

    ARGUMENTS_PARSER = RequestParser()

    def operation(
        self,
        name: str,
        *,
        raises: Errors = (),
        keyed: bool = True,
        counted: bool = True,
        scope: str | None = None,
        **more: Any,
    ) -> Callable[[View], View]:
        """Name an operation and declare its errors; `more` goes into the contract as it is.

        Parameters
        ----------
        name
            The operationId.
        raises
            Errors beyond those that every operation has.
        keyed
            Whether an API key is required.
        counted
            Whether requests per minute are limited.
        scope
            The scope that the key must have, or `ANY`; by default what `scope_of` says.
        """
        errors = [*raises, *(OF_KEYED if keyed else OF_ALL if counted else (TopmastError,))]
        responses = {status: _response(status, found) for status, found in _by_status(errors).items()}
        told = more.pop("responses", {})
        security: dict[str, Any] = {} if keyed else {"security": []}
        documented = self.doc(operationId=name, responses={**told, **responses}, **security, **_told(scope), **more)

        def decorate(view: View) -> View:
            found: Any = documented(view)
            found.scope = scope  # where `auth` finds it
            return cast(View, found)

        return decorate


def scope_of(method: str, told: str | None) -> str:
    """The scope that an operation needs: the one told, else by whether it only looks."""
    return told or (READ if method.upper() in {"GET", "HEAD"} else BUNDLE)


def _told(scope: str | None) -> dict[str, str]:
    return {"x-scope": scope} if scope else {}


def _by_status(errors: Errors) -> Mapping[int, list[type[TopmastError]]]:
    found: defaultdict[int, list[type[TopmastError]]] = defaultdict(list)
    for error in dict.fromkeys(errors):
        found[status_of(error)].append(error)
    return dict(sorted(found.items()))


def _response(status: int, errors: list[type[TopmastError]]) -> dict[str, Any]:
    """One error status: which codes it may carry, and an example."""
    headers = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    if status in {429, 503}:
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    if status == 429:
        headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")}
    if status == 401:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWW-Authenticate"}
    examples = {error.code: {"$ref": f"#/components/examples/{error.code}"} for error in errors}
    return {
        "description": "; ".join(f"`{error.code}`: {error.title}" for error in errors),
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": Problem, "examples": examples}},
    }
