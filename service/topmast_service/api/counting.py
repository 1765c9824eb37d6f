"""Requests per minute: counted for the user who acts, or for the address where nobody signs in."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, g, request

from topmast_service.api.auth import user
from topmast_service.domain.client_address import source_of
from topmast_service.errors import RateLimited
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.request_rates import WINDOW, Allowance, RequestRates

FILES = frozenset({"files", "archives", "link_door"})
"""Routes that hand out a box file by file: a box has 70,000 of them, so they have an allowance of their own."""

TIMES_FILES = 10
"""How much larger that is."""


def count(routes: Blueprint, rates: RequestRates) -> None:
    """Count the requests of these routes; called after they were made, so that whoever asks has signed in by then.

    Health checks are never counted: who restarts or routes must not be refused.
    """
    if routes.name == "health":
        return
    policy, times = ("files", TIMES_FILES) if routes.name in FILES else ("requests", 1)

    @routes.before_request
    def take() -> None:
        g.allowance = _taken(rates, policy, times)
        if g.allowance and not g.allowance.granted:
            quota, wait = g.allowance.quota, g.allowance.wait
            raise RateLimited(f"{quota} requests in {WINDOW} s are allowed.", retry_after=wait)


def tell(app: Flask) -> None:
    """Let every counted answer say what is left."""

    @app.after_request
    def told(response: Response) -> Response:
        if found := allowance():
            response.headers.update(found.headers())
        return response


def allowance() -> Allowance | None:
    """What is left for whoever asks, if this request was counted."""
    found: Allowance | None = g.get("allowance")
    return found


def client_address() -> str:
    """Where the request comes from; behind declared proxies, where they say it does."""
    return request.remote_addr or ""


def _taken(rates: RequestRates, policy: str, times: int) -> Allowance | None:
    if "user" in g:
        return rates.of_user(user().name, policy, times)
    try:
        return rates.of_address(source_of(client_address()), policy, times)
    except UNAVAILABLE:
        return None  # the contract and the error pages can be read while the store is away
