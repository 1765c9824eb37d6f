"""``/_sandbox/``: what a test or a demo may see and change. No part of MAST."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from topmast_sandbox.faults import rule_of, rules_of
from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.granting import change_rights, change_tokens


class Control:
    """The control plane's routes over one sandbox. Every POST takes a JSON object."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> Blueprint:
        """Return the blueprint with these routes."""
        routes = Blueprint("control", __name__, url_prefix="/_sandbox")
        tokens, rights = (partial(change, self._sandbox) for change in (change_tokens, change_rights))
        routes.add_url_rule("/requests", "requests", self.requests)
        routes.add_url_rule("/requests/reset", "reset", self.reset, methods=["POST"])
        routes.add_url_rule("/clock", "clock", self._both(self._clock), methods=["GET", "POST"])
        routes.add_url_rule("/settings", "settings", self._both(self._settings), methods=["GET", "POST"])
        routes.add_url_rule("/tokens", "tokens", self._both(tokens), methods=["GET", "POST"])
        routes.add_url_rule("/rights", "rights", self._both(rights), methods=["POST", "DELETE"])
        routes.add_url_rule("/slow", "slow", self._both(self._slow), methods=["POST"])
        routes.add_url_rule("/faults", "faults", self._both(self._faults), methods=["GET", "POST", "DELETE"])
        routes.add_url_rule("/reprocess", "reprocess", self._both(self._reprocess), methods=["POST"])
        return routes

    def requests(self) -> Response:
        """Tell what was asked and sent; ``?uri=`` keeps to these files."""
        document = self._sandbox.tally.document()
        wanted = request.args.getlist("uri")
        if wanted:
            files = document["files"]
            document["files"] = {uri: files[uri] for uri in wanted if uri in files}
        return _json(document)

    def reset(self) -> Response:
        """Count from zero again."""
        self._sandbox.tally.reset()
        return _json({})

    def _both(self, act: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[], Response]:
        """Make a route of `act`: GET gives it nothing, a mistake in a POST is a 400 that says which."""

        def route() -> Response:
            body = request.get_json(force=True, silent=True) if request.method == "POST" else {}
            if not isinstance(body, dict):
                return _json({"error": "the body must be a JSON object"}, 400)
            try:
                return _json(act(body))
            except (LookupError, TypeError, ValueError) as error:
                return _json({"error": str(error)}, 400)

        return route

    def _clock(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"now": RFC 3339 with zone}`` sets, ``{"advance": seconds}`` moves on."""
        clock = self._sandbox.clock
        if "now" in body:
            clock.set(datetime.fromisoformat(body["now"]))
        if "advance" in body:
            clock.advance(float(body["advance"]))
        return {"now": clock.now().isoformat(), "mjd": clock.mjd()}

    def _settings(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._sandbox.settings.change(body).document()

    def _slow(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"seconds": n}`` and ``{"polls": n}``: how long new portal queries run. ``{}`` ends it."""
        changes = {"slow_seconds": body.get("seconds", 0), "slow_polls": body.get("polls", 0)}
        return self._sandbox.settings.change(changes).document()

    def _faults(self, body: dict[str, Any]) -> dict[str, Any]:
        """A rule is added, ``{"rules": […]}`` replaces all of them; DELETE forgets all, or the one with ``?id=``."""
        book = self._sandbox.faults
        if request.method == "DELETE":
            wanted = request.args.get("id")
            if wanted is None:
                book.replace([])
            elif not book.remove(wanted):
                raise LookupError(f"no rule {wanted!r}")
        elif body.keys() == {"rules"}:
            book.replace(rules_of(body["rules"]))
        elif request.method == "POST":
            book.add([rule_of(body)])
        return book.document()

    def _reprocess(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"program": n}`` or ``{"obs_id": name}``: MAST processes these data again."""
        program = body.get("program")
        done = self._sandbox.catalogue.reprocess(
            program=None if program is None else str(program), obs_id=body.get("obs_id")
        )
        return dict(done)


def _json(document: object, status: int = 200) -> Response:
    return Response(json.dumps(document, default=str), status, content_type="application/json")
