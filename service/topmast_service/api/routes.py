"""flask-smorest's blueprint, told once what every operation of this contract has in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import flask_smorest

from topmast_service.api.http_errors import TooLarge, UnsupportedMediaType
from topmast_service.api.parsing import RequestParser
from topmast_service.api.problems import MEDIA_TYPE, status_of
from topmast_service.api.schemas.problem import Problem
from topmast_service.errors import (
    Invalid,
    LockedOut,
    Malformed,
    RateLimited,
    StoreUnavailable,
    TopmastError,
    Unauthenticated,
)

View = Callable[..., Any]
Errors = Iterable[type[TopmastError]]

OF_ALL = (RateLimited, TopmastError)
"""What every operation may answer that is counted."""

OF_KEYED = (Unauthenticated, Invalid, LockedOut, StoreUnavailable, *OF_ALL)
"""What every operation with a key may answer."""

OF_BODIES = (Malformed, TooLarge, UnsupportedMediaType)
"""What every operation that takes a body may answer besides."""


class Routes(flask_smorest.Blueprint):
    """A resource's routes."""

    ARGUMENTS_PARSER = RequestParser()

    def operation(
        self, name: str, *, raises: Errors = (), keyed: bool = True, counted: bool = True, **more: Any
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
        """
        errors = [*raises, *(OF_KEYED if keyed else OF_ALL if counted else (TopmastError,))]
        responses = {status: _response(status, found) for status, found in _by_status(errors).items()}
        told = more.pop("responses", {})
        security: dict[str, Any] = {} if keyed else {"security": []}
        decorate: Callable[[View], View] = self.doc(
            operationId=name, responses={**told, **responses}, **security, **more
        )
        return decorate


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
