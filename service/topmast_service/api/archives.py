"""/v1/bundles/{id}/archive.zip and archive.tar: the whole box as one file, made while it is sent."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.views import MethodView

from topmast_service.api import auditing, boxes, contract, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.bundles import ID
from topmast_service.api.files import NOT_MODIFIED, RANGE
from topmast_service.api.http_errors import ArchiveTooLarge, PreconditionFailed, RangeNotSatisfiable
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.api.streaming import Served, Streams, disposition
from topmast_service.container import Api
from topmast_service.domain.job import Job
from topmast_service.errors import Busy, Expired, NoResult, NoSuchFile, NotReady, UnknownJob, UpstreamDown
from topmast_service.workflows import packing

TYPES = {"zip": "application/zip", "tar": "application/x-tar"}

_ERRORS = (
    UnknownJob, NotReady, NoResult, NoSuchFile, Expired, PreconditionFailed, ArchiveTooLarge, Busy, UpstreamDown,
)  # fmt: skip
_HEADERS = contract.headers("ETag", "Accept-Ranges")


def make(api: Api, streams: Streams) -> Routes:
    """The routes, two for each kind of archive."""
    routes = Routes("archives", __name__, url_prefix="/v1/bundles", description="The box as one file")
    require_key(routes, api.stores)
    for kind in TYPES:
        _add(routes, api, streams, kind)
    return routes


def _add(routes: Routes, api: Api, streams: Streams, kind: str) -> None:
    content = {TYPES[kind]: {"schema": {"type": "string", "format": "binary"}}}
    ranged = {**_HEADERS, **contract.headers("Content-Range")}
    whole = {"description": "The whole archive", "headers": _HEADERS, "content": content}
    piece = {"description": "The bytes asked for", "headers": ranged, "content": content}
    told = {200: {"description": "It can be had", "headers": _HEADERS}, 304: NOT_MODIFIED}

    @routes.route(f"/<bundle_id>/archive.{kind}", endpoint=kind, parameters=ID, tags=["bundles"])
    class Archive(MethodView):
        @routes.operation(
            f"getArchive{kind.title()}",
            raises=(*_ERRORS, RangeNotSatisfiable),
            parameters=RANGE,
            responses={200: whole, 206: piece, 304: NOT_MODIFIED},
            summary=f"The whole box as one {kind}, or a range of it",
        )
        @routes.arguments(NoQuery, location="query")
        def get(self, _: dict[str, Any], bundle_id: str) -> Response:
            """Made while it is sent, and no copy of it is kept; its length is known, and so is every byte of it.

            The same revision gives the same bytes whenever it is asked for, so `If-Range` with the ETag makes resuming
            safe. A transfer that ends before Content-Length lost a file on its way: ask for the rest.
            """
            return streams.send(request, served(api, results.readable(api, user(), bundle_id), kind, user().name))

        @routes.operation(f"headArchive{kind.title()}", raises=_ERRORS, responses=told)
        @routes.arguments(NoQuery, location="query")
        def head(self, _: dict[str, Any], bundle_id: str) -> Response:
            """Length and ETag of the archive, without its bytes."""
            return streams.send(request, served(api, results.readable(api, user(), bundle_id), kind, user().name))


def served(api: Api, bundle: Job, kind: str, reader: str | None) -> Served:
    """A bundle's archive, with what its reader may have; None reads what is public.

    Raises
    ------
    NotReady, NoResult, Expired
        There is nothing yet, never, or no longer.
    ArchiveTooLarge
        This topmast sends none so large.
    """
    results.box(api, bundle)
    manifest = results.manifest(api, bundle)
    try:
        packed = packing.pack(kind, bundle, api.stores.trees, manifest, lambda: boxes.closed(api, manifest, "", reader))
    except FileNotFoundError:  # between the look and the reading
        raise Expired(f"The files of bundle {bundle.id} are gone.") from None
    if reader and boxes.guarded(manifest):
        auditing.delivered(api.stores.audit, bundle.id, f"archive.{kind}")
    most = api.stores.settings.archive_max_bytes
    if most and packed.length > most:
        raise ArchiveTooLarge(f"It has {packed.length} bytes; this topmast sends archives of at most {most}.")
    headers = {"Content-Type": TYPES[kind], "Content-Disposition": disposition(f"{bundle.id}.{kind}")}
    return Served(packed.etag, packed.length, headers, packed.open)
