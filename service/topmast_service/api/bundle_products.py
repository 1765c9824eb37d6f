"""/v1/bundles/{id}/products: what a bundle or plan is made of, and what was left out of it."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract, paging, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.bundles import PLANNED
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.parameters import ProductRowQuery
from topmast_service.api.schemas.rows import ProductPage
from topmast_service.container import Api
from topmast_service.errors import BadCursor, Expired, NoResult, NotReady, UnknownColumn, UnknownJob


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("bundle_products", __name__, url_prefix="/v1/bundles", description="What was chosen, and what not")
    require_key(routes, api.stores)

    @routes.route("/<bundle_id>/products", methods=["GET"], parameters=PLANNED, tags=["bundles"])
    @routes.operation("listBundleProducts", raises=[UnknownJob, NotReady, NoResult, Expired, UnknownColumn, BadCursor])
    @routes.arguments(ProductRowQuery, location="query")
    @routes.response(200, ProductPage, description="A page of products", headers=contract.headers("Link"))
    def list_products(query: dict[str, Any], bundle_id: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Every product that was listed, each once: chosen (`excluded` is null) or left out, and why.

        `needed_for` says of what comes along though nobody chose it why it does: a member of an association, an
        earlier stage, a reference file.
        """
        bundle = results.one(api, user(), bundle_id, "bundle", "plan")
        page = paging.of_rows(results.products(api, bundle), query, {"as_of": None})
        return page, paging.next_link(page["next"])

    return routes
