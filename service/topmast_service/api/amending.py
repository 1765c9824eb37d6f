"""PATCH /v1/jobs/{id}: another label, another end, others to tell."""

from __future__ import annotations

from typing import Any

from flask import request

from topmast_service.api import contract, documents
from topmast_service.api.auth import require_key, user
from topmast_service.api.http_errors import PreconditionFailed
from topmast_service.api.jobs import ID
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.amendment import Amendment
from topmast_service.api.schemas.job import JobDocument
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.domain.job import Job
from topmast_service.errors import IllegalMove, UnknownHook, UnknownJob

_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "The ETag of the job as you know it; nothing is changed if it has become another (RFC 9110 §13.1.1)",
}
_REFUSALS = (UnknownJob, IllegalMove, PreconditionFailed, UnknownHook)


def make(api: Api) -> Routes:
    """The route."""
    routes = Routes("amending", __name__, url_prefix="/v1/jobs", description="Changing a job afterwards")
    require_key(routes, api.stores)

    @routes.route("/<job_id>", methods=["PATCH"], parameters=ID, tags=["jobs"])
    @routes.operation("amendJob", raises=[*OF_BODIES, *_REFUSALS], parameters=[_IF_MATCH])
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(Amendment)
    @routes.response(200, JobDocument, description="The job as it is now", headers=contract.headers("ETag"))
    def amend_job(_: dict[str, Any], body: dict[str, Any], job_id: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Rename a job, keep its files longer or shorter, or tell others of its end.

        What is left out stays as it is. Files can be kept within this topmast's limit, counted from now; whoever was
        told that a bundle is ready is warned before the new end.
        """
        changed = api.amendments.amend(user(), job_id, body, _expected)
        return documents.of_job(changed), {"ETag": documents.etag(changed)}

    return routes


def _expected(found: Job) -> None:
    """RFC 9110 §13.1.1: strong comparison, ``*`` is any."""
    if request.if_match and not request.if_match.contains(str(found.version)):
        raise PreconditionFailed(f"Job {found.id} is at version {found.version}.")
