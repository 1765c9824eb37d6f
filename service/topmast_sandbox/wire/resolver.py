"""The name resolver, ``/Santa-war/query``.

astroquery calls it at a hard-coded plain-http address, so the request may arrive in absolute form,
as at an http proxy; the path is what counts.
"""

import json
from typing import Any

from flask import Blueprint, Response, request

from topmast_sandbox.catalogue import Catalogue
from topmast_sandbox.state import Sandbox


class Resolver:
    """The resolver's one route."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> Blueprint:
        """Return the blueprint with this route."""
        routes = Blueprint("resolver", __name__)
        routes.add_url_rule("/Santa-war/query", "query", self.query)
        return routes

    def query(self) -> Response:
        """Answer the names asked for; an unknown name is simply not in the answer."""
        found = resolved(self._sandbox.catalogue, request.args.getlist("name"), request.args.get("resolver"))
        return Response(json.dumps(found), content_type="application/json")


def resolved(catalogue: Catalogue, names: list[str], resolver: str | None = None) -> dict[str, Any]:
    """Return the resolver's document for `names`, positions in ICRS degrees.

    ``searchString`` is the name in lower case: astroquery compares it with ``name.lower()``.
    """
    entries = []
    for name in names:
        place = catalogue.resolve(name)
        if place:
            entries.append(_entry(name, place))
    if resolver:
        entries = [entry for entry in entries if entry["resolver"].upper() == resolver.upper()]
    return {"resolvedCoordinate": entries, "status": ""}


def _entry(name: str, place: dict[str, Any]) -> dict[str, Any]:
    constant = {"resolver": "SIMBAD", "cached": True, "resolverTime": 1, "searchRadius": -1.0}
    return constant | place | {"searchString": name.lower()}
