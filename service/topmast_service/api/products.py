"""/v1/searches/{id}/products: the files of what was found."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract, documents, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.parameters import ProductsQuery, path_id
from topmast_service.api.schemas.search import SearchDocument
from topmast_service.api.submitting import Answer
from topmast_service.container import Api
from topmast_service.domain.rows import ask
from topmast_service.domain.scopes import SEARCH
from topmast_service.errors import Expired, NoResult, NotReady, NotToBeBundled, OverQuota, UnknownColumn, UnknownJob
from topmast_service.store import conditions

ID = [path_id("search_id", "s", "The search")]


def make(api: Api) -> Routes:
    """The route."""
    routes = Routes("products", __name__, url_prefix="/v1/searches", description="The files of what was found")
    require_key(routes, api.stores)

    @routes.route("/<search_id>/products", methods=["GET"], parameters=ID, tags=["searches"])
    @routes.operation(
        "findProducts",
        scope=SEARCH,
        raises=[UnknownJob, NotReady, NoResult, Expired, UnknownColumn, NotToBeBundled, OverQuota],
    )
    @routes.arguments(ProductsQuery, location="query")
    @routes.response(
        202, SearchDocument, description="It has been begun", headers=contract.headers("Location", "Retry-After")
    )
    @routes.alt_response(
        303,
        schema=SearchDocument,
        description="It is under way or finished, at Location",
        headers=contract.headers("Location"),
    )
    def find_products(query: dict[str, Any], search_id: str) -> Answer:
        """The search for the products of those rows that fit `where`: their files, each once.

        It is found (303) or begun (202), and then a search as any other: rows, facets, formats, the source of a bundle
        of exactly these files. `search.products` says how many were listed, and how many of them are guide stars'.
        One that was deleted or failed is begun anew.
        """
        search = results.one(api, user(), search_id, "search")
        table = results.rows(api, search)
        conditions.where(ask(table.askable, where=query.get("where", ())).where, table.askable)
        made = api.submissions.products(user(), search_id, query.get("where", ()))
        if made.repeated:
            return documents.of_search(made.job), 303, {"Location": f"/v1/searches/{made.job.id}"}
        return documents.of_search(made.job), 202, {"Location": f"/v1/jobs/{made.job.id}", "Retry-After": "1"}

    return routes
