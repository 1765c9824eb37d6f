"""/v1/searches/{id}/facets: what a result is made of."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract, results, since
from topmast_service.api.auth import require_key, user
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.facets import FacetQuery, Facets
from topmast_service.api.schemas.parameters import path_id
from topmast_service.container import Api
from topmast_service.domain.rows import ask
from topmast_service.errors import Expired, NoResult, NotComparable, NotReady, UnknownColumn, UnknownJob
from topmast_service.store import facets

ID = [path_id("search_id", "s", "The search")]


def make(api: Api) -> Routes:
    """The route."""
    routes = Routes("facets", __name__, url_prefix="/v1/searches", description="What a result is made of")
    require_key(routes, api.stores)

    @routes.route("/<search_id>/facets", methods=["GET"], parameters=ID, tags=["searches"])
    @routes.operation("getFacets", raises=[UnknownJob, NotReady, NoResult, Expired, UnknownColumn, NotComparable])
    @routes.arguments(FacetQuery, location="query")
    @routes.response(200, Facets, description="The facets", headers=contract.headers())
    def get_facets(query: dict[str, Any], search_id: str) -> dict[str, Any]:
        """How often each value occurs, and how numbers and dates are spread: among all rows, and among those that fit.

        With `since` of the rows that are new, changed or gone since an earlier search (see `listRows`).

        "49 of 299" are `matching` and `total`; each value has both numbers. `access` is a facet, too.
        """
        table, facts = since.shown(api, user(), results.one(api, user(), search_id, "search"), query.get("since"))
        question = ask(table.askable, where=query.get("where", ()), columns=query.get("columns", ""))
        told = {"as_of": facts.get("as_of"), "truncated": bool(facts.get("truncated")), "stale": facts["stale"]}
        return {**vars(facets.of_table(table, question, query["bins"])), **told}

    return routes
