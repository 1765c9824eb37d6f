"""Who asks, for whom, and whether their key may: an API key in ``Authorization: Bearer`` (RFC 6750) on every route of a
resource. A portal says with ``X-On-Behalf-Of`` which user it asks for; whatever it does is then that user's.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, current_app, g, request
from structlog.contextvars import bind_contextvars

from topmast_service.api.routes import scope_of
from topmast_service.container import Stores
from topmast_service.domain.scopes import PORTAL, USUAL, check
from topmast_service.errors import MissingRole, NotFound, Unauthenticated, UnknownUser
from topmast_service.store.keys import Identity
from topmast_service.store.users import User, Users

ON_BEHALF = "X-On-Behalf-Of"


def require_key(routes: Blueprint, stores: Stores) -> None:
    """Let nobody near these routes without a key that may; done before anything else of the request is looked at."""

    @routes.before_request
    def sign_in() -> None:
        signed_in = stores.keys.sign_in(_key(request.headers.get("Authorization", "")))
        g.actor, g.key_id = signed_in.user, signed_in.key_id
        g.identity = _acting(signed_in, stores.users)
        g.user = g.identity.user
        bind_contextvars(user=g.user.name)
        check(_needed(), signed_in.user.role, g.identity.scopes)


def user() -> User:
    """For whom this is done: owner, quota, MAST token and Idempotency-Keys are theirs."""
    found: User = g.user
    return found


def actor() -> User:
    """Whose key it is: the user, or the portal that acts for them."""
    found: User = g.actor
    return found


def key_id() -> str:
    """Which key it is."""
    return str(g.key_id)


def identity() -> Identity:
    """The user for whom this is done, and what the key may do for them."""
    found: Identity = g.identity
    return found


def _key(header: str) -> str:
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated("The request carries no API key.")
    return key.strip()


def _needed() -> str:
    view = current_app.view_functions[str(request.endpoint)]
    return scope_of(request.method, getattr(view, "scope", None))


def _acting(signed_in: Identity, users: Users) -> Identity:
    """As whom the request is handled; for others never with `admin`, even if they are operators."""
    if ON_BEHALF not in request.headers:
        return signed_in
    if signed_in.user.role != PORTAL:
        raise MissingRole(f"Only a portal acts on behalf of others; the key's user is a {signed_in.user.role}.")
    scopes = tuple(scope for scope in signed_in.scopes if scope in USUAL)
    return replace(signed_in, user=_known(request.headers[ON_BEHALF], users), scopes=scopes)


def _known(name: str, users: Users) -> User:
    try:
        found = users.get(name)
    except NotFound:
        raise UnknownUser(f"There is no user {name[:40]!r} to act for.") from None
    if found.disabled:
        raise UnknownUser(f"The user {found.name} is disabled.")
    return found
