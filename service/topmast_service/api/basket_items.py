"""/v1/baskets/{id}/items: what lies in a basket, as rows and as a tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, json

from topmast_service.api import baskets, contract, documents, paging
from topmast_service.api.auth import require_key, user
from topmast_service.api.baskets import ID
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.basket import ItemsChanged
from topmast_service.api.schemas.basket_items import ChosenQuery, ItemPage, ItemsQuery, ItemsRequest, TickRequest
from topmast_service.api.schemas.parameters import IdempotencyHeader, NoQuery
from topmast_service.api.schemas.search import SearchDocument
from topmast_service.api.submitting import replayed
from topmast_service.container import Api
from topmast_service.domain.basket import Changed
from topmast_service.domain.job import Job
from topmast_service.domain.rows import Condition, ask
from topmast_service.domain.scopes import SEARCH
from topmast_service.errors import (
    BadCursor,
    BasketFull,
    Busy,
    EmptySelection,
    Expired,
    IdempotencyMismatch,
    Invalid,
    NoResult,
    NotFound,
    NotReady,
    NotToBeBundled,
    OverQuota,
    UnknownBasket,
    UnknownColumn,
)
from topmast_service.store.basket_table import BasketTable
from topmast_service.store.basket_tree import branch
from topmast_service.workflows.submit import Submitted

_REFUSALS = (
    UnknownBasket,
    UnknownColumn,
    EmptySelection,
    NotFound,
    NotReady,
    NoResult,
    NotToBeBundled,
    Expired,
    BasketFull,
    IdempotencyMismatch,
    Busy,
    OverQuota,
)
_NOW = contract.headers("Idempotency-Replayed")
_LATER = contract.headers("Location", "Retry-After", "Idempotency-Replayed")
Document = dict[str, Any]


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("basket_items", __name__, url_prefix="/v1/baskets", description="What lies in a basket")
    require_key(routes, api.stores)

    def changed(basket_id: str, change: Changed) -> Document:
        basket = api.baskets.get(user().name, basket_id)
        return {"count": change.count, "barred": change.barred, "basket": baskets.document(api, basket)}

    def chosen(basket_id: str, query: Mapping[str, Any]) -> tuple[Condition, ...]:
        return ask(api.baskets.table(user().name, basket_id).askable, where=query.get("where", ())).where

    @routes.route("/<basket_id>/items", methods=["POST"], parameters=ID, tags=["baskets"])
    @routes.operation("addItems", scope=SEARCH, raises=[*OF_BODIES, *_REFUSALS])
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(ItemsRequest)
    @routes.response(200, ItemsChanged, description="They are in the basket", headers=_NOW)
    @routes.alt_response(
        202, schema=SearchDocument, description="MAST is asked for them; the job ends when they are in", headers=_LATER
    )
    def add_items(
        headers: dict[str, str], _: dict[str, Any], body: dict[str, Any], basket_id: str
    ) -> Response | tuple[Document, dict[str, str]]:
        """Put files into a basket: each once, however often it is named.

        Of observations the Minimum Recommended Products are ticked, and no guide stars; files that are named (dataURIs,
        engineering series, rows of a search of files) are all ticked. What cannot be staged is there with `why_not`.
        """
        made = api.additions.add(user(), basket_id, body["from"], body.get("where", ()), headers.get("idempotency_key"))
        if not isinstance(made, Submitted):
            return changed(basket_id, made), replayed(made.repeated)
        return _begun(made.job, replayed(made.repeated))

    @routes.route("/<basket_id>/items", methods=["GET"], parameters=ID, tags=["baskets"])
    @routes.operation("listItems", raises=[UnknownBasket, UnknownColumn, BadCursor, Busy])
    @routes.arguments(ItemsQuery, location="query")
    @routes.response(200, ItemPage, description="Files, or nodes of the tree", headers=contract.headers("Link"))
    def list_items(query: dict[str, Any], basket_id: str) -> tuple[Document, dict[str, str]]:
        """The files of a basket; or with `parent` its tree: missions, their observations, and these one's files.

        Each node has its files and bytes, those that are ticked, and the conditions that choose what lies under it.
        """
        basket = api.baskets.get(user().name, basket_id)
        table, facts = api.baskets.table(basket.owner, basket_id), {"as_of": basket.changed.isoformat()}
        page = paging.of_rows(table, query, facts) if query.get("parent") is None else _tree(table, query, facts)
        return page | {"notes": []}, paging.next_link(page["next"])

    @routes.route("/<basket_id>/items", methods=["PATCH"], parameters=ID, tags=["baskets"])
    @routes.operation("tickItems", raises=[*OF_BODIES, UnknownBasket, UnknownColumn, Busy])
    @routes.arguments(ChosenQuery, location="query")
    @routes.arguments(TickRequest)
    @routes.response(200, ItemsChanged, description="They are ticked, or not", headers=contract.headers())
    def tick_items(query: dict[str, Any], body: dict[str, bool], basket_id: str) -> Document:
        """Tick or untick the files that fit: a mission (`obs_collection:eq:JWST`), an observation, some rows.

        What cannot be staged stays unticked; `barred` counts it.
        """
        conditions = chosen(basket_id, query)
        return changed(basket_id, api.baskets.tick(user().name, basket_id, conditions, body["ticked"]))

    @routes.route("/<basket_id>/items", methods=["DELETE"], parameters=ID, tags=["baskets"])
    @routes.operation("removeItems", raises=[UnknownBasket, UnknownColumn, Busy])
    @routes.arguments(ChosenQuery, location="query")
    @routes.response(200, ItemsChanged, description="They are out of the basket", headers=contract.headers())
    def remove_items(query: dict[str, Any], basket_id: str) -> Document:
        """Take the files that fit out of the basket; without `where` all of them."""
        return changed(basket_id, api.baskets.strike(user().name, basket_id, chosen(basket_id, query)))

    return routes


def _begun(search: Job, headers: Mapping[str, str]) -> Response:
    """The 202, written here: flask-smorest writes every answer of a route as the first one that it declares."""
    document = json.dumps(SearchDocument().dump(documents.of_search(search)))
    told = {"Location": f"/v1/jobs/{search.id}", **headers} | ({} if search.final else {"Retry-After": "1"})
    return Response(document, 202, told, mimetype="application/json")


def _tree(table: BasketTable, query: Mapping[str, Any], facts: Mapping[str, Any]) -> Document:
    if query.get("sort") or query.get("columns"):
        raise Invalid("The tree has an order and members of its own: `sort` and `columns` do not go with `parent`.")
    conditions = ask(table.askable, where=query.get("where", ())).where
    asked = paging.fingerprint("tree", query["parent"], conditions)
    after = _behind(query.get("cursor"), asked)
    found = branch(table, query["parent"], conditions, after=after, limit=query["limit"])
    following = paging.written([asked, found.next]) if found.next is not None else None
    told = {"as_of": facts["as_of"], "truncated": False, "stale": False}
    return {"items": [node.told() for node in found.nodes], "next": following, "total": found.total, **told}


def _behind(cursor: str | None, asked: str) -> str:
    """The name that a cursor continues behind; nothing comes before the first."""
    if cursor is None:
        return ""
    match paging.read(cursor):
        case [str(made_for), str(name)] if made_for == asked:
            return name
    raise BadCursor("The cursor was not made by this service, or for another `parent` or `where`.")
