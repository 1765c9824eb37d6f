"""/v1/bundles/{id}/files: the box, over HTTP."""

from __future__ import annotations

from typing import Any

from flask import Response, json, request
from flask.views import MethodView
from marshmallow import Schema

from topmast_service.api import boxes, contract, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.bundles import ID
from topmast_service.api.http_errors import PreconditionFailed, RangeNotSatisfiable
from topmast_service.api.routes import Errors, Routes
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.api.schemas.rows import Folder
from topmast_service.api.streaming import Streams
from topmast_service.container import Api
from topmast_service.errors import (
    Busy,
    ExclusiveAccess,
    Expired,
    NeedsMastToken,
    NoResult,
    NoSuchFile,
    NotReady,
    UnknownJob,
    UpstreamDown,
)

_BYTES = {"schema": {"type": "string", "format": "binary"}}
PATH = {
    "in": "path",
    "name": "path",
    "description": "From the top of the box; slashes may stand as they are",
    "schema": {"type": "string", "minLength": 1, "maxLength": 1000},
    "example": "MANIFEST.HTML",
}
_GONE = (UnknownJob, NotReady, NoResult, Expired)
RIGHTS = (ExclusiveAccess, NeedsMastToken, UpstreamDown)
"""Why a file that is there does not come."""

_FILE_ERRORS = (*_GONE, NoSuchFile, Busy, *RIGHTS)
_FILE_HEADERS = contract.headers("ETag", "Repr-Digest", "Accept-Ranges")
RANGE = [
    {
        "in": "header",
        "name": "Range",
        "schema": {"type": "string"},
        "description": "One range of bytes (RFC 9110): `bytes=0-99`, `bytes=100-`. Others are ignored",
    },
    {
        "in": "header",
        "name": "If-Range",
        "schema": {"type": "string"},
        "description": "The ETag for which the range is meant; else the whole file comes",
    },
]
"""How a part of something is asked for."""

NOT_MODIFIED = {"description": "You have it already (If-None-Match)", "headers": contract.headers("ETag")}
_OK_HEADERS = {200: {"headers": _FILE_HEADERS}}


def make(api: Api, streams: Streams) -> Routes:
    """The routes."""
    routes = Routes("files", __name__, url_prefix="/v1/bundles", description="The box, over HTTP")
    require_key(routes, api.stores)

    def show(bundle_id: str, path: str) -> Response:
        bundle, reader = results.readable(api, user(), bundle_id), user().name
        if path and results.being_made(bundle):
            return streams.send(request, boxes.arrived(api, bundle, api.arrivals.file(bundle, path.strip("/")), reader))
        found = boxes.find(api, bundle, path)
        if found.path.is_dir():
            listed = api.stores.trees.listing(found.path)
            return _folder(boxes.listing(found.path, listed, found.manifest, found.inside))
        boxes.check(api, found, reader)
        return streams.send(request, boxes.served(found))

    @routes.route("/<bundle_id>/files", parameters=ID, tags=["bundles"])
    class Top(MethodView):
        @routes.operation("listFiles", raises=_GONE)
        @routes.arguments(NoQuery, location="query")
        @routes.response(200, Folder, description="What is at the top of the box", headers=contract.headers())
        def get(self, _: dict[str, Any], bundle_id: str) -> Response:
            """What is at the top of the box."""
            return show(bundle_id, "")

        @routes.operation("headFiles", raises=_GONE)
        @routes.arguments(NoQuery, location="query")
        @routes.response(200, description="It is there", headers=contract.headers())
        def head(self, _: dict[str, Any], bundle_id: str) -> Response:
            """Whether the box is there."""
            return show(bundle_id, "")

    @routes.route("/<bundle_id>/files/<path:path>", parameters=[*ID, PATH], tags=["bundles"])
    class Inside(MethodView):
        @routes.operation("getFile", **getting(Folder, _FILE_ERRORS))
        @routes.arguments(NoQuery, location="query")
        def get(self, _: dict[str, Any], bundle_id: str, path: str) -> Response:
            """A file, whole or a range of it; or what is in a folder.

            A product's ETag is its SHA-256, so `If-Range` with it makes resuming safe; Repr-Digest says it again.
            Before the bundle is published each file can be fetched as soon as it is verified (see `listArrivals`).
            """
            return show(bundle_id, path)

        @routes.operation("headFile", **heading(_FILE_ERRORS))
        @routes.arguments(NoQuery, location="query")
        def head(self, _: dict[str, Any], bundle_id: str, path: str) -> Response:
            """Size and SHA-256 of a file, without its bytes."""
            return show(bundle_id, path)

    return routes


def getting(folder: type[Schema], errors: Errors) -> dict[str, Any]:
    """What the contract says of a GET that gives a file, or a `folder`."""
    responses = {
        200: {
            "description": "The file's bytes; for a folder, what is in it",
            "headers": _FILE_HEADERS,
            "content": {"application/json": {"schema": {"anyOf": [folder, {}]}}, "*/*": _BYTES},
        },
        206: {
            "description": "The bytes asked for",
            "headers": {**_FILE_HEADERS, **contract.headers("Content-Range")},
            "content": {"*/*": _BYTES},
        },
        304: NOT_MODIFIED,
    }
    return {"raises": (*errors, PreconditionFailed, RangeNotSatisfiable), "parameters": RANGE, "responses": responses}


def heading(errors: Errors) -> dict[str, Any]:
    """What the contract says of the HEAD beside it."""
    responses = {200: {"description": "It is there", "headers": _FILE_HEADERS}, 304: NOT_MODIFIED}
    return {"raises": (*errors, PreconditionFailed), "responses": responses}


def _folder(entries: list[dict[str, Any]]) -> Response:
    return Response(json.dumps({"items": entries}), mimetype="application/json")
