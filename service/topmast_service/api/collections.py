"""/v1/collections: what can be searched, and by what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, json, request
from marshmallow import Schema

from topmast_service.api import contract
from topmast_service.api.auth import require_key
from topmast_service.api.http_errors import PreconditionFailed
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.collections import CollectionDocument, CollectionList
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.domain.columns import Column, nearest
from topmast_service.domain.dictionary import Entry
from topmast_service.domain.forms import FORMS, Form, operators
from topmast_service.domain.metadata import DICTIONARY, SHIPPED, SOURCES_OF
from topmast_service.errors import UnknownCollection
from topmast_service.store.columns import Edition

KEYWORDS = Form(
    "keywords",
    "The keyword dictionary",
    "What keywords and columns mean, and where they occur. It is no search: ask /v1/keywords?q=words.",
    {},
    key="name",
)
"""Not a collection that `POST /v1/searches` takes, and listed beside them, since people look for it there."""

_COLLECTIONS = {**FORMS, KEYWORDS.name: KEYWORDS}
_NAME = {
    "in": "path",
    "name": "collection",
    "description": "A collection's name",
    "schema": {"type": "string", "pattern": "^[a-z_]{1,40}$"},
    "example": "observations",
}
_SAME = {304: {"description": "You have it already (If-None-Match)", "headers": contract.headers("ETag")}}


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("collections", __name__, url_prefix="/v1/collections", description="What can be searched")
    require_key(routes, api.stores)

    @routes.route("", methods=["GET"])
    @routes.operation("listCollections", raises=[PreconditionFailed], responses=_SAME)
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, CollectionList, description="All of them", headers=contract.headers("ETag"))
    def list_collections(_: dict[str, Any]) -> Response:
        """What can be searched."""
        edition = api.columns.edition()
        return _conditional(CollectionList(), {"items": [_summary(edition, name) for name in _COLLECTIONS]})

    @routes.route("/<collection>", methods=["GET"], parameters=[_NAME])
    @routes.operation("getCollection", raises=[UnknownCollection, PreconditionFailed], responses=_SAME)
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, CollectionDocument, description="Its form", headers=contract.headers("ETag"))
    def get_collection(_: dict[str, Any], collection: str) -> Response:
        """One collection's form: what a search of it may ask, and how old that knowledge is.

        Columns come with topmast and are refreshed from MAST once a day: new ones appear, none vanishes.
        """
        if collection not in _COLLECTIONS:
            raise _unknown(collection)
        return _conditional(CollectionDocument(), _document(api.columns.edition(), collection))

    return routes


def _conditional(schema: Schema, document: Mapping[str, Any]) -> Response:
    response = Response(json.dumps(schema.dump(document)), mimetype="application/json")
    response.add_etag()
    response.make_conditional(request)
    if response.status_code == 412:
        raise PreconditionFailed()
    return response


def _unknown(name: str) -> UnknownCollection:
    detail = f"There is no collection {name[:100]!r}."
    at = {"pointer": "", "detail": detail, "suggestions": nearest(name[:100], _COLLECTIONS)}
    return UnknownCollection(detail, errors=[at])


def _summary(edition: Edition, name: str) -> dict[str, Any]:
    form, when = _COLLECTIONS[name], _as_of(edition, name)
    facts = {member: getattr(form, member) for member in ("name", "title", "about", "target", "expands")}
    return {**facts, **_told("columns_as_of", when), "links": _links(name)}


def _document(edition: Edition, name: str) -> dict[str, Any]:
    form = edition.form(name) if name in FORMS else KEYWORDS
    facts = {member: getattr(form, member) for member in ("needs", "choices", "key", "examples")}
    sources = [{"service": source, **_told("as_of", edition.heard(source))} for source in SOURCES_OF.get(name, ())]
    columns = [_column(form, column, edition.keywords.get(column.name)) for column in form.columns.values()]
    return {**_summary(edition, name), **facts, "columns": columns, "sources": sources}


def _as_of(edition: Edition, name: str) -> datetime | None:
    return edition.as_of(name) if name in FORMS else edition.heard(DICTIONARY)


def _told(member: str, when: datetime | None) -> dict[str, Any]:
    return {"columns_from": "mast" if when else "shipped", member: when or SHIPPED}


def _column(form: Form, column: Column, entry: Entry | None) -> dict[str, Any]:
    facts = {name: getattr(column, name) for name in ("name", "type", "unit", "description", "ucd", "many")}
    known = entry.values if entry and any(place.collection == form.name for place in entry.occurs) else ()
    return {
        **facts,
        "operators": operators(form, column),
        "services": form.services.get(column.name, ()),
        "values": form.choices.get(column.name, known),
    }


def _links(name: str) -> dict[str, str]:
    links = {"self": f"/v1/collections/{name}"}
    if name == KEYWORDS.name or name in SOURCES_OF:
        links["keywords"] = "/v1/keywords"
    return links if name == KEYWORDS.name else links | {"search": "/v1/searches"}
