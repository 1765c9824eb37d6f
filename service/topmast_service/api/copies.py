"""/v1/bundles/{id}/copies: the box, into a shared folder."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract, documents, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.bundles import ID
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.copy import CopyDocument, CopyRequest
from topmast_service.api.schemas.parameters import NoQuery, SubmitHeaders
from topmast_service.api.submitting import Answer, answer
from topmast_service.api.waiting import Waiters
from topmast_service.container import Api
from topmast_service.errors import (
    CopiesNotAllowed,
    Expired,
    IdempotencyMismatch,
    NoResult,
    NotReady,
    OverQuota,
    UnknownJob,
)

_REFUSALS = (UnknownJob, NotReady, NoResult, Expired, CopiesNotAllowed, IdempotencyMismatch, OverQuota)


def make(api: Api, waiters: Waiters) -> Routes:
    """The route."""
    routes = Routes("copies", __name__, url_prefix="/v1/bundles", description="The box, into a shared folder")
    require_key(routes, api.stores)

    @routes.route("/<bundle_id>/copies", methods=["POST"], parameters=ID, tags=["bundles"])
    @routes.operation("copyBundle", raises=[*OF_BODIES, *_REFUSALS])
    @routes.arguments(SubmitHeaders, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(CopyRequest)
    @routes.response(
        202,
        CopyDocument,
        description="The copy is under way",
        headers=contract.headers("Location", "Retry-After", "Idempotency-Replayed"),
    )
    @routes.alt_response(
        200,
        schema=CopyDocument,
        description="It ended within `Prefer: wait`; its phase says how",
        headers=contract.headers("Location", "Preference-Applied", "Idempotency-Replayed"),
    )
    def copy_bundle(headers: dict[str, str], _: dict[str, Any], body: dict[str, Any], bundle_id: str) -> Answer:
        """Copy the files of a bundle into a shared directory, each verified by reading it back from the disk.

        What is there and right is kept, so that a copy can be repeated. `sha256sums.txt` comes last: where it is, the
        copy is whole.
        """
        key = headers.get("idempotency_key")
        made = api.copies.earlier(user(), bundle_id, body, key)
        if made is None:
            bundle = results.one(api, user(), bundle_id, "bundle")
            results.box(api, bundle)
            made = api.copies.submit(user(), bundle, body, key)
        return answer(waiters, user(), made, headers.get("prefer", ""), documents.of_job)

    return routes
