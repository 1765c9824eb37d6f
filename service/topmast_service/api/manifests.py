"""/v1/bundles/{id}/manifest: what became of every requested file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, json, request

from topmast_service.api import boxes, contract, paging, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.bundles import ID
from topmast_service.api.http_errors import NotAcceptable, PreconditionFailed
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.fields import moment
from topmast_service.api.schemas.parameters import ManifestQuery
from topmast_service.api.schemas.rows import ManifestPage
from topmast_service.api.streaming import Streams
from topmast_service.container import Api
from topmast_service.domain.job import Job
from topmast_service.errors import BadCursor, Busy, Expired, Invalid, NoResult, NotReady, UnknownColumn, UnknownJob
from topmast_service.staging.manifest_files import PAGE, TABLE

_MEDIA = {"application/json": "json", "text/csv": "csv", "text/html": "html"}
_WHOLE = {"text/csv": {"schema": {"type": "string"}}}
_LOCATION = {
    "Location": {"description": "The page in the box", "schema": {"type": "string", "format": "uri-reference"}}
}


def make(api: Api, streams: Streams) -> Routes:
    """The routes."""
    routes = Routes("manifests", __name__, url_prefix="/v1/bundles", description="What became of every file")
    require_key(routes, api.stores)

    @routes.route("/<bundle_id>/manifest", methods=["GET"], parameters=ID, tags=["bundles"])
    @routes.operation(
        "getManifest",
        raises=[
            UnknownJob,
            NotReady,
            NoResult,
            Expired,
            BadCursor,
            UnknownColumn,
            NotAcceptable,
            PreconditionFailed,
            Busy,
        ],
        responses={
            200: {"content": _WHOLE},
            303: {
                "description": "HTML: the page is a file of the box",
                "headers": {**_LOCATION, **contract.headers()},
            },
            304: {"description": "You have it already (If-None-Match)", "headers": contract.headers("ETag")},
        },
    )
    @routes.arguments(ManifestQuery, location="query")
    @routes.response(
        200,
        ManifestPage,
        description="A page of rows, or the whole as CSV",
        headers=contract.headers("Link", "ETag"),
    )
    def get_manifest(query: dict[str, Any], bundle_id: str) -> Response:
        """The manifest: one row per requested file, delivered or not, and why.

        JSON comes in pages and outlives the files; CSV and HTML are the box's own, as long as it is there. For HTML the
        answer is where the page is (303): its links and pictures are told from its place in the box, and nothing can
        be written into it that would turn them (`<base>`), since its checksum is in the box too.
        """
        bundle = results.readable(api, user(), bundle_id)
        wanted = query.get("format") or _accepted()
        _refuse_paging(wanted)
        if wanted == "json":
            response = _rows(api, bundle, query)
        else:
            response = _table(api, streams, bundle) if wanted == "csv" else _page(api, bundle)
        response.vary.add("Accept")
        return response

    return routes


def _accepted() -> str:
    best = (
        request.accept_mimetypes.best_match(list(_MEDIA), default="")
        if request.accept_mimetypes
        else "application/json"
    )
    if not best:
        raise NotAcceptable(f"A manifest comes as {', '.join(_MEDIA)}.")
    return _MEDIA[best]


def _rows(api: Api, bundle: Job, query: Mapping[str, Any]) -> Response:
    facts = {"as_of": moment(bundle.ended) if bundle.ended else None}
    page = paging.of_rows(results.manifest(api, bundle), query, facts)
    response = Response(json.dumps(page), headers=paging.next_link(page["next"]), mimetype="application/json")
    response.add_etag()
    response.make_conditional(request)
    if response.status_code == 412:
        raise PreconditionFailed()
    return response


def _refuse_paging(wanted: str) -> None:
    if wanted != "json" and (ignored := sorted({*request.args} - {"format"})):
        at = [{"pointer": name, "detail": f"{wanted} is always whole.", "suggestions": []} for name in ignored]
        raise Invalid(f"A manifest as {wanted} takes no {', '.join(ignored)}.", hint="Ask for json.", errors=at)


def _table(api: Api, streams: Streams, bundle: Job) -> Response:
    return streams.send(request, boxes.served(boxes.find(api, bundle, TABLE)))


def _page(api: Api, bundle: Job) -> Response:
    results.box(api, bundle)
    response = Response(status=303, headers={"Location": f"/v1/bundles/{bundle.id}/files/{PAGE}"})
    del response.headers["Content-Type"]
    return response
