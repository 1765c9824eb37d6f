"""Who guesses keys is told to wait, before any key is looked up; no thread is held for it."""

from __future__ import annotations

from contextlib import suppress

from flask import Flask, Response, request

from topmast_service.api.counting import client_address
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.failures import Failures


def guard(app: Flask, failures: Failures) -> None:
    """Look at every request that carries a key to a route that wants one."""

    @app.before_request
    def refuse() -> None:
        if _tries_a_key():
            failures.check(client_address())

    @app.after_request
    def note(response: Response) -> Response:
        if response.status_code == 401 and _tries_a_key():
            with suppress(*UNAVAILABLE):
                failures.note(client_address(), request.headers["Authorization"])
        return response


def _tries_a_key() -> bool:
    return "Authorization" in request.headers and request.path.startswith("/v1/")
