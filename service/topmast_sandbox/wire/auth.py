"""``/whoami``: who the token says you are, as Auth.MAST tells astroquery's login."""

import json
import uuid
from typing import Any

from flask import Blueprint, Response, request

from topmast_sandbox.state import Sandbox
from topmast_sandbox.tokens import Token
from topmast_sandbox.wire.access import token_of

_ANONYMOUS: dict[str, Any] = {
    "anon": True,
    "eppn": None,
    "ezid": "anonymous",
    "attrib": {},
    "scopes": [],
    "session": None,
    "token": None,
}


class Auth:
    """The one route of Auth.MAST that clients ask."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> Blueprint:
        """Return the blueprint with this route."""
        routes = Blueprint("auth", __name__)
        routes.add_url_rule("/whoami", "whoami", self.whoami)
        return routes

    def whoami(self) -> Response:
        """Tell the user of a living token, and anonymous to everybody else (status 200 for both)."""
        token = token_of(request, self._sandbox)
        return Response(json.dumps(_told(token) if token else _ANONYMOUS), content_type="application/json")


def _told(token: Token) -> dict[str, Any]:
    address = f"{token.user}@example.org"
    attributes = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, address)),
        "first_name": token.user.title(),
        "last_name": "Sandbox",
        "display_name": f"{token.user.title()} Sandbox",
        "internal": False,
        "email": address,
    }
    told = {"anon": False, "eppn": address, "ezid": token.user, "attrib": attributes}
    return told | {"scopes": list(token.scopes), "session": None, "token": f"{token.value[:8]}..."}
