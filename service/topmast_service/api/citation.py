"""/v1/jobs/{id}/citation: how to cite what a search found or a bundle holds."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import fields, validate

from topmast_service.api import contract, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.http_errors import NotAcceptable
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.fields import Request
from topmast_service.api.schemas.parameters import JOB, path_id
from topmast_service.container import Api
from topmast_service.domain import citation
from topmast_service.domain.citation import Cited
from topmast_service.domain.job import Job
from topmast_service.errors import Expired, NoResult, NotReady, UnknownJob
from topmast_service.store.tables import Table
from topmast_service.workflows.citation import of_bundle, of_search
from topmast_service.workflows.control import products_table, rows_table

_MEDIA = {"text": "text/plain", "bibtex": "application/x-bibtex", "ids": "text/csv"}
_TEXT = {"schema": {"type": "string"}}


class CitationQuery(Request):
    """How a citation is written."""

    format = fields.String(
        validate=validate.OneOf(list(_MEDIA)),
        metadata={"description": f"Instead of Accept: {', '.join(f'{n} is {m}' for n, m in _MEDIA.items())}"},
    )


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("citation", __name__, url_prefix="/v1/jobs", description="How to cite what was found")
    require_key(routes, api.stores)

    @routes.route("/<job_id>/citation", methods=["GET"], parameters=[path_id("job_id", JOB, "The job")], tags=["jobs"])
    @routes.operation(
        "getCitation",
        raises=[UnknownJob, NotReady, NoResult, Expired, NotAcceptable],
        responses={
            200: {
                "description": "The citation",
                "headers": contract.headers(),
                "content": dict.fromkeys(_MEDIA.values(), _TEXT),
            }
        },
    )
    @routes.arguments(CitationQuery, location="query")
    def get_citation(query: dict[str, Any], job_id: str) -> Response:
        """How to cite the observations of a search, or those whose files a bundle holds.

        `text` says what to write, with programs and PIs; `bibtex` is an entry for a bibliography; `ids` is the list
        that MAST's DOI portal makes a DOI of, one observation id on each line (a first line with `#` if they are more
        than the 10,000 that one DOI takes). Planned observations are left out.
        """
        wanted = query.get("format") or _accepted()
        cited = _cited(api, api.control.get(user(), job_id))
        body = {"text": citation.text, "bibtex": citation.bibtex, "ids": citation.ids}[wanted](cited)
        response = Response(body, mimetype=_MEDIA[wanted])
        response.vary.add("Accept")
        return response

    return routes


def _cited(api: Api, job: Job) -> Cited:
    if job.kind == "search":
        return of_search(job, results.rows(api, job), str(results.facts(job).get("as_of") or ""))
    results.revision(job)
    tables, source = api.stores.settings.tables, job.request["from"].get("search")
    made_of = rows_table(tables, source) if source else None
    search = Table(made_of) if made_of and made_of.exists() else None
    return of_bundle(job, Table(products_table(tables, job.id)), search, str(job.ended or job.created))


def _accepted() -> str:
    best = request.accept_mimetypes.best_match(list(_MEDIA.values()), default="") if request.accept_mimetypes else None
    if best == "":
        raise NotAcceptable(f"A citation comes as {', '.join(_MEDIA.values())}.")
    return next((name for name, media in _MEDIA.items() if media == best), "text")
