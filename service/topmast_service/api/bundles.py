"""/v1/bundles: chosen files, staged."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from topmast_service.api import contract, documents, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.bundle import BundleDocument, BundleRequest, Difference
from topmast_service.api.schemas.parameters import DiffQuery, NoQuery, SubmitHeaders, path_id
from topmast_service.api.submitting import Answer, answer
from topmast_service.api.waiting import Waiters
from topmast_service.container import Api
from topmast_service.domain.job import Job
from topmast_service.errors import (
    EmptySelection,
    Expired,
    ForeignURI,
    IdempotencyMismatch,
    NoResult,
    NoSuchRevision,
    NotFound,
    NothingUnderstood,
    NotReady,
    NotToBeBundled,
    OverQuota,
    UnknownJob,
)

ID = [path_id("bundle_id", "b", "The bundle")]
PLANNED = [path_id("bundle_id", "pb", "The bundle, or the plan of one")]
_REFUSALS = (
    EmptySelection,
    Expired,
    ForeignURI,
    NothingUnderstood,
    NotFound,
    NotReady,
    NotToBeBundled,
    NoResult,
    IdempotencyMismatch,
    OverQuota,
)
_MADE = contract.headers("Location", "Retry-After", "Idempotency-Replayed")


def make(api: Api, waiters: Waiters) -> Routes:
    """The routes."""
    routes = Routes("bundles", __name__, url_prefix="/v1/bundles", description="Chosen files, staged")
    require_key(routes, api.stores)
    document = partial(documents.of_bundle, settings=api.stores.settings, versions=api.versions)

    @routes.route("", methods=["POST"])
    @routes.operation(
        "submitBundle",
        raises=[*OF_BODIES, *_REFUSALS],
        responses=contract.made("bundle", bundle="getBundle", manifest="getManifest", files="listFiles"),
    )
    @routes.arguments(SubmitHeaders, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(BundleRequest)
    @routes.response(202, BundleDocument, description="The bundle is under way", headers=_MADE)
    @routes.alt_response(
        200,
        schema=BundleDocument,
        description="It ended within `Prefer: wait`; its phase says how",
        headers=contract.headers("Location", "Preference-Applied", "Idempotency-Replayed"),
    )
    def submit_bundle(headers: dict[str, str], _: dict[str, Any], body: dict[str, Any]) -> Answer:
        """Stage the chosen products of observations, or files by name; with `dry_run` only a plan of it.

        Without `select`: Minimum Recommended Products. A file that cannot be had does not fail the bundle: the
        manifest says why, and `outcome` is partial.
        """
        made = api.submissions.bundle(user(), body, headers.get("idempotency_key"))
        return answer(waiters, user(), made, headers.get("prefer", ""), document)

    @routes.route("/<bundle_id>", methods=["GET"], parameters=PLANNED)
    @routes.operation("getBundle", raises=[UnknownJob])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, BundleDocument, description="The bundle", headers=contract.headers())
    def get_bundle(_: dict[str, Any], bundle_id: str) -> dict[str, Any]:
        """A bundle, or a plan: its job, its sums, and where the files are."""
        asker, found = user(), results.readable(api, user(), bundle_id, "bundle", "plan")
        return document(found if found.owner == asker.name else _for_others(found))

    @routes.route("/<bundle_id>/diff", methods=["GET"], parameters=ID)
    @routes.operation("diffBundle", raises=[UnknownJob, NoSuchRevision])
    @routes.arguments(DiffQuery, location="query")
    @routes.response(200, Difference, description="What is not the same", headers=contract.headers())
    def diff_bundle(query: dict[str, Any], bundle_id: str) -> dict[str, Any]:
        """Which files are not the same in two revisions: added, removed, or changed by a reprocessing."""
        bundle = results.readable(api, user(), bundle_id)
        return {"items": list(api.versions.difference(bundle, query["old"], query["new"]))}

    return routes


def _for_others(bundle: Job) -> Job:
    """Without the addresses of those who are told of it."""
    return replace(bundle, request={name: value for name, value in bundle.request.items() if name != "notify"})
