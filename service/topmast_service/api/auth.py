"""Who asks: an API key in ``Authorization: Bearer`` (RFC 6750), on every route of a resource."""

from __future__ import annotations

from flask import Blueprint, g, request
from structlog.contextvars import bind_contextvars

from topmast_service.errors import Unauthenticated
from topmast_service.store.users import User, Users


def require_key(routes: Blueprint, users: Users) -> None:
    """Let nobody near these routes without a key; done before anything else of the request is looked at."""

    @routes.before_request
    def sign_in() -> None:
        g.user = users.sign_in(_key(request.headers.get("Authorization", "")))
        bind_contextvars(user=g.user.name)


def user() -> User:
    """Who asks, on a route that requires a key."""
    found: User = g.user
    return found


def _key(header: str) -> str:
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated("The request carries no API key.")
    return key.strip()
