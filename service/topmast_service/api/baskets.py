"""/v1/baskets: lists of files, before they are submitted."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import request

from topmast_service.api import contract
from topmast_service.api.auth import require_key, user
from topmast_service.api.http_errors import PreconditionFailed
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.basket import BasketDocument, BasketFacetQuery, BasketList, BasketName
from topmast_service.api.schemas.facets import Facets
from topmast_service.api.schemas.parameters import IdempotencyHeader, MatchHeaders, NoQuery, path_id
from topmast_service.api.submitting import replayed
from topmast_service.container import Api
from topmast_service.domain.basket import FACETS, Basket
from topmast_service.domain.rows import ask
from topmast_service.errors import (
    BasketExists,
    Busy,
    Expired,
    IdempotencyMismatch,
    TooManyBaskets,
    UnknownBasket,
    UnknownColumn,
)
from topmast_service.store import facets

ID = [path_id("basket_id", "k", "The basket")]
Document = dict[str, Any]
Tagged = tuple[Document, dict[str, str]]


def document(api: Api, basket: Basket) -> Document:
    """A basket as the contract writes it, with its sums as they are now."""
    totals = api.baskets.table(basket.owner, basket.id).totals()
    here = f"/v1/baskets/{basket.id}"
    links = {"self": here, "items": f"{here}/items", "facets": f"{here}/facets"}
    told = {name: getattr(basket, name) for name in ("id", "name", "owner", "created", "changed", "destruction")}
    missions = [{"name": name, **sums} for name, sums in totals.missions.items()]
    version = basket.version + totals.version
    return {**told, "version": version, "totals": vars(totals), "missions": missions, "links": links}


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("baskets", __name__, url_prefix="/v1/baskets", description="Lists of files, before they are staged")
    require_key(routes, api.stores)

    @routes.route("", methods=["GET"])
    @routes.operation("listBaskets", raises=[Busy])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, BasketList, description="Your baskets", headers=contract.headers())
    def list_baskets(_: dict[str, Any]) -> Document:
        """Your baskets, those changed last first."""
        return {"items": [document(api, basket) for basket in api.baskets.list(user().name)]}

    @routes.route("", methods=["POST"])
    @routes.operation(
        "createBasket",
        raises=[*OF_BODIES, BasketExists, TooManyBaskets, IdempotencyMismatch, Expired, Busy],
        responses={201: {"links": _links()}},
    )
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(BasketName)
    @routes.response(
        201, BasketDocument, description="It is there", headers=contract.headers("Location", "Idempotency-Replayed")
    )
    def create_basket(headers: dict[str, str], _: dict[str, Any], body: dict[str, str]) -> Tagged:
        """Begin a basket. Your baskets' names are different; each is kept until a year after its last change."""
        made, repeated = api.baskets.create(user().name, body["name"], headers.get("idempotency_key"))
        return document(api, made), {"Location": f"/v1/baskets/{made.id}", **replayed(repeated)}

    @routes.route("/<basket_id>", methods=["GET"], parameters=ID)
    @routes.operation("getBasket", raises=[UnknownBasket, Busy])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, BasketDocument, description="The basket", headers=contract.headers("ETag"))
    def get_basket(_: dict[str, Any], basket_id: str) -> Tagged:
        """A basket and its sums."""
        return _tagged(document(api, api.baskets.get(user().name, basket_id)))

    @routes.route("/<basket_id>", methods=["PATCH"], parameters=ID)
    @routes.operation("renameBasket", raises=[*OF_BODIES, UnknownBasket, BasketExists, PreconditionFailed, Busy])
    @routes.arguments(MatchHeaders, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(BasketName)
    @routes.response(200, BasketDocument, description="It has the new name", headers=contract.headers("ETag"))
    def rename_basket(_: dict[str, str], __: dict[str, Any], body: dict[str, str], basket_id: str) -> Tagged:
        """Give a basket another name. With `If-Match`, only if it is as you saw it."""
        items = api.baskets.table(user().name, basket_id).totals().version
        check = partial(_check_match, items=items)
        return _tagged(document(api, api.baskets.rename(user().name, basket_id, body["name"], check)))

    @routes.route("/<basket_id>", methods=["DELETE"], parameters=ID)
    @routes.operation("deleteBasket", raises=[UnknownBasket, Busy])
    @routes.arguments(NoQuery, location="query")
    @routes.response(204, description="It is gone", headers=contract.headers())
    def delete_basket(_: dict[str, Any], basket_id: str) -> None:
        """Remove a basket with all that is in it; bundles that were made of it stay."""
        api.baskets.delete(user().name, basket_id)

    @routes.route("/<basket_id>/facets", methods=["GET"], parameters=ID)
    @routes.operation("getBasketFacets", raises=[UnknownBasket, UnknownColumn, Busy])
    @routes.arguments(BasketFacetQuery, location="query")
    @routes.response(200, Facets, description="The facets", headers=contract.headers())
    def get_basket_facets(query: dict[str, Any], basket_id: str) -> Document:
        """How often each value occurs among all files of a basket, and among those that fit.

        By category (`productType`), group (`productSubGroupDescription`: I2D, UNCAL, GS-ACQ1 …), level, MRP, extension,
        size, rights, and whether it is ticked.
        """
        basket = api.baskets.get(user().name, basket_id)
        table = api.baskets.table(basket.owner, basket_id)
        columns = query.get("columns") or ",".join(FACETS)
        question = ask(table.askable, where=query.get("where", ()), columns=columns)
        told = {"as_of": basket.changed.isoformat(), "truncated": False, "stale": False}
        return {**vars(facets.of_table(table, question, query["bins"])), **told}

    return routes


def _tagged(told: Document) -> Tagged:
    return told, {"ETag": f'"{told["version"]}"'}


def _check_match(basket: Basket, items: int) -> None:
    if "If-Match" in request.headers and not request.if_match.contains(str(basket.version + items)):
        raise PreconditionFailed(f"{basket.id} was changed.", hint="Read the basket again, and send its new ETag.")


def _links() -> dict[str, Any]:
    """By which operations the id of a new basket goes on."""
    operations = {"basket": "getBasket", "items": "listItems", "delete": "deleteBasket"}
    given = {"basket_id": "$response.body#/id"}
    return {name: {"operationId": operation, "parameters": given} for name, operation in operations.items()}
