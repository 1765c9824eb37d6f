"""/v1/bundles/{id}/arrivals: files that can be fetched before the bundle is published."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.bundles import ID
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.arrivals import ArrivalsPage, ArrivalsQuery
from topmast_service.container import Api
from topmast_service.errors import UnknownJob


def make(api: Api) -> Routes:
    """The route."""
    routes = Routes("arrivals", __name__, url_prefix="/v1/bundles", description="Files as soon as they are verified")
    require_key(routes, api.stores)

    @routes.route("/<bundle_id>/arrivals", methods=["GET"], parameters=ID, tags=["bundles"])
    @routes.operation("listArrivals", raises=[UnknownJob])
    @routes.arguments(ArrivalsQuery, location="query")
    @routes.response(200, ArrivalsPage, description="What arrived since", headers=contract.headers())
    def list_arrivals(query: dict[str, Any], bundle_id: str) -> dict[str, Any]:
        """Verified files of a bundle that is being made, in the order of their arrival.

        Each can be fetched at once under `/files/{path}`. Ask again with `next` as `after`; between two looks wait for
        the job to change (`GET /v1/jobs/{id}?wait=&since=`). Nothing more comes once it is `final`: the bundle is
        published and its manifest has everything, or it has ended without. While it is retried, the revision before
        is what can be fetched.
        """
        bundle = results.readable(api, user(), bundle_id)
        if not results.being_made(bundle):
            return {"items": [], "next": query["after"], "final": True}
        items, known = api.arrivals.after(bundle, query["after"], query["limit"])
        return {"items": items, "next": known, "final": False}

    return routes
