"""/d/{signature}/{path}: the door for those who have a link and no key."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, json, request
from flask.views import MethodView

from topmast_service.api import archives, boxes, contract, files
from topmast_service.api.boxes import Found
from topmast_service.api.http_errors import ArchiveTooLarge
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.links import SIGNATURE, LinkedFolder
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.api.streaming import Streams
from topmast_service.container import Api
from topmast_service.domain import links
from topmast_service.domain.links import Link
from topmast_service.errors import (
    BadLink,
    Busy,
    Expired,
    Invalid,
    LinkExpired,
    NoSuchFile,
    NotByLink,
    StoreUnavailable,
)

_ERRORS = (BadLink, LinkExpired, Expired, NoSuchFile, NotByLink, ArchiveTooLarge, Busy, StoreUnavailable, Invalid)


def make(api: Api, streams: Streams) -> Routes:
    """The routes."""
    routes = Routes("link_door", __name__, url_prefix="/d", description="For those who have a link and no key")

    def show(signature: str, path: str) -> Response:
        link, bundle = api.links.open(signature, path)
        if link.target != links.FILES:
            return streams.send(request, archives.served(api, bundle, _archive_of(link, path), None))
        found = boxes.find(api, bundle, path)
        if found.path.is_dir():
            return _folder(api, found, signature)
        boxes.check_public(api, found)
        return streams.send(request, boxes.served(found))

    @routes.after_request
    def tell_nobody(response: Response) -> Response:
        """A page behind a link must not tell the next site its address, nor a search engine that there is one."""
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    @routes.route("/<signature>/", parameters=[SIGNATURE], tags=["links"])
    class Top(MethodView):
        @routes.operation("openLink", raises=_ERRORS, keyed=False)
        @routes.arguments(NoQuery, location="query")
        @routes.response(200, LinkedFolder, description="What is at the top of the box", headers=contract.headers())
        def get(self, _: dict[str, Any], signature: str) -> Response:
            """What a link to a whole box opens."""
            return show(signature, "")

        @routes.operation("headLink", raises=_ERRORS, keyed=False)
        @routes.arguments(NoQuery, location="query")
        @routes.response(200, description="It opens", headers=contract.headers())
        def head(self, _: dict[str, Any], signature: str) -> Response:
            """Whether a link to a whole box opens it."""
            return show(signature, "")

    @routes.route("/<signature>/<path:path>", parameters=[SIGNATURE, files.PATH], tags=["links"])
    class Below(MethodView):
        @routes.operation("getByLink", **files.getting(LinkedFolder, _ERRORS), keyed=False)
        @routes.arguments(NoQuery, location="query")
        def get(self, _: dict[str, Any], signature: str, path: str) -> Response:
            """A file behind a link, whole or a range of it; an archive; or what is in a folder.

            The same headers and conditions as with a key. Rights are asked again each time.
            """
            return show(signature, path)

        @routes.operation("headByLink", **files.heading(_ERRORS), keyed=False)
        @routes.arguments(NoQuery, location="query")
        def head(self, _: dict[str, Any], signature: str, path: str) -> Response:
            """Size and SHA-256 of a file behind a link, without its bytes."""
            return show(signature, path)

    return routes


def _archive_of(link: Link, path: str) -> str:
    if links.inside(path) != link.path:
        raise NoSuchFile("There is nothing below an archive.")
    return link.target


def _folder(api: Api, found: Found, signature: str) -> Response:
    closed = boxes.closed(api, found.manifest, found.inside, None)
    entries = boxes.listing(found.path, api.stores.trees.listing(found.path), found.manifest, found.inside)
    for entry in entries:
        slash = "/" if entry["type"] == "folder" else ""
        entry["link"] = None if entry["path"] in closed else f"/d/{signature}/{quote(entry['path'])}{slash}"
    return Response(json.dumps({"items": entries}), mimetype="application/json")
