"""/v1/bundles/{id}/links: a part of the box for somebody who has no key."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from topmast_service.api import auditing, boxes, contract, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.bundles import ID
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.links import LinkDocument, LinkRequest
from topmast_service.api.schemas.parameters import IdempotencyHeader, NoQuery
from topmast_service.api.submitting import replayed
from topmast_service.container import Api
from topmast_service.domain import links
from topmast_service.domain.job import Job
from topmast_service.errors import (
    Expired,
    IdempotencyMismatch,
    Invalid,
    NoResult,
    NoSuchFile,
    NotByLink,
    NotReady,
    UnknownJob,
)

_ERRORS = (*OF_BODIES, UnknownJob, NotReady, NoResult, Expired, NoSuchFile, NotByLink, IdempotencyMismatch)
Answer = tuple[dict[str, Any], dict[str, str]]


def make(api: Api) -> Routes:
    """The route."""
    routes = Routes("links", __name__, url_prefix="/v1/bundles", description="Links that need no key")
    require_key(routes, api.stores)

    @routes.route("/<bundle_id>/links", methods=["POST"], parameters=ID, tags=["bundles"])
    @routes.operation("makeLink", raises=_ERRORS)
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(LinkRequest)
    @routes.response(201, LinkDocument, description="The link", headers=contract.headers("Idempotency-Replayed"))
    def make_link(headers: dict[str, str], _: dict[str, Any], body: dict[str, Any], bundle_id: str) -> Answer:
        """A link to a file, a folder with everything below it, or the box as an archive, for whoever has no key.

        It opens until its end, as long as the bundle is there, and shows the bundle's current revision. It opens what
        is public; files that came with your MAST token stay yours.
        """
        bundle = results.one(api, user(), bundle_id, "bundle")
        path, ending = (
            _archive(body["archive"], body["path"]) if "archive" in body else _below(api, bundle, body["path"])
        )
        auditing.specify(path=path)
        link, signature, repeated = api.links.make(
            bundle, body.get("archive", links.FILES), path, body.get("until"), headers.get("idempotency_key")
        )
        url = f"{api.stores.settings.public_url.rstrip('/')}/d/{signature}/{quote(link.path)}{ending}"
        shown = "" if "archive" in body else link.path
        document = {"url": url, "until": link.until, "path": shown, "archive": body.get("archive")}
        return document, replayed(repeated)

    return routes


def _below(api: Api, bundle: Job, path: str) -> tuple[str, str]:
    """The path as it is bound, and how its address ends: a folder's with a slash, so that relative links work."""
    found = boxes.find(api, bundle, path)
    boxes.check_public(api, found)
    return found.inside, "/" if found.path.is_dir() and found.inside else ""


def _archive(kind: str, path: str) -> tuple[str, str]:
    if path:
        text = "An archive is of the whole box."
        raise Invalid(text, errors=[{"pointer": "/path", "detail": text, "suggestions": []}])
    return f"archive.{kind}", ""
