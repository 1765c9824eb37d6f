"""/v1/bundles/{id}/script.sh, urls.txt, aria2.txt: the box for programs that fetch by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from flask import Response

from topmast_service.api import boxes, contract, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.bundles import ID
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.scripts import ScriptQuery
from topmast_service.api.streaming import Streams
from topmast_service.archive.addresses import file_url
from topmast_service.container import Api
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK
from topmast_service.errors import Busy, Expired, NoResult, NotReady, UnknownJob
from topmast_service.formats import scripts
from topmast_service.formats.scripts import LIST_TYPE, SCRIPT_TYPE, Fetchable, Files, Place

_ERRORS = (UnknownJob, NotReady, NoResult, Expired, Busy)


def make(api: Api, streams: Streams) -> Routes:
    """The routes."""
    routes = Routes("scripts", __name__, url_prefix="/v1/bundles", description="For programs that fetch by themselves")
    require_key(routes, api.stores)

    def send(write: Callable[[Place, Files], Iterator[bytes]], media: str, source: str, bundle_id: str) -> Response:
        bundle = results.readable(api, user(), bundle_id)
        place, listed = (_mast if source == "mast" else _topmast)(api, bundle)
        return Response(streams.hold(write(place, listed)), content_type=media)

    @routes.route("/<bundle_id>/script.sh", methods=["GET"], parameters=ID, tags=["bundles"])
    @routes.operation("getScript", raises=_ERRORS, responses=_told("The script", SCRIPT_TYPE))
    @routes.arguments(ScriptQuery, location="query")
    def get_script(query: dict[str, Any], bundle_id: str) -> Response:
        """A script (bash 4, curl) that fetches the box in parallel, goes on where it stopped, and checks every file.

        It asks nothing, and takes the key from the environment: `TOPMAST_API_KEY`, or `MAST_API_TOKEN`.
        """
        return send(scripts.script, SCRIPT_TYPE, query["source"], bundle_id)

    @routes.route("/<bundle_id>/urls.txt", methods=["GET"], parameters=ID, tags=["bundles"])
    @routes.operation("getUrls", raises=_ERRORS, responses=_told("The addresses", LIST_TYPE))
    @routes.arguments(ScriptQuery, location="query")
    def get_urls(query: dict[str, Any], bundle_id: str) -> Response:
        """The address of every file, one a line."""
        return send(scripts.urls, LIST_TYPE, query["source"], bundle_id)

    @routes.route("/<bundle_id>/aria2.txt", methods=["GET"], parameters=ID, tags=["bundles"])
    @routes.operation("getAria2", raises=_ERRORS, responses=_told("The input file", LIST_TYPE))
    @routes.arguments(ScriptQuery, location="query")
    def get_aria2(query: dict[str, Any], bundle_id: str) -> Response:
        """An input file for aria2: addresses, places in the box, checksums. Its first lines say how to call aria2c."""
        return send(scripts.aria2, LIST_TYPE, query["source"], bundle_id)

    return routes


def _told(what: str, media: str) -> dict[int, Any]:
    content = {media.partition(";")[0]: {"schema": {"type": "string"}}}
    return {200: {"description": f"{what}, as it is made", "headers": contract.headers(), "content": content}}


def _topmast(api: Api, bundle: Job) -> tuple[Place, Files]:
    """Every file of the box, its manifest included."""
    folder, manifest = results.box(api, bundle), results.manifest(api, bundle)
    base = api.stores.settings.public_url.rstrip("/")
    files = f"{base}/v1/bundles/{bundle.id}/files/"

    def listed() -> Files:
        products = set()
        for row in manifest.rows("status = ?", OK):
            yield Fetchable(row["path"], files + quote(row["path"]), row["sha256"], row["size"])
            products |= {row["path"]} if "/" not in row["path"] else set()
        for entry in api.stores.trees.listing(folder):
            if entry.size is not None and entry.path not in products:
                sha256 = boxes.served(boxes.Found(folder / entry.name, entry.path, manifest, bundle.id)).etag
                yield Fetchable(entry.path, files + quote(entry.path), sha256, entry.size)

    return Place(bundle.id, "topmast", base), listed()


def _mast(api: Api, bundle: Job) -> tuple[Place, Files]:
    """The products, from MAST: also of a box that is no longer here."""
    manifest, settings = results.manifest(api, bundle), api.stores.settings

    def listed() -> Files:
        for row in manifest.rows("status = ?", OK):
            url = file_url(settings.mast_url, settings.crds_url, row["dataURI"])
            yield Fetchable(row["path"], url, row["sha256"], row["size"])

    return Place(bundle.id, "mast", settings.mast_url.rstrip("/")), listed()
