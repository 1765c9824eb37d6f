"""/v1/jobs: the life of every search and bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import takewhile
from typing import Any

from topmast_service.api import contract, documents, paging
from topmast_service.api.auth import require_key, user
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.job import JobDocument, JobList
from topmast_service.api.schemas.parameters import (
    JOB,
    IdempotencyHeader,
    JobQuery,
    JobsQuery,
    NoQuery,
    RetryQuery,
    path_id,
)
from topmast_service.api.submitting import replayed
from topmast_service.api.waiting import Waiters
from topmast_service.container import Api
from topmast_service.domain.job import Job
from topmast_service.errors import BadCursor, IdempotencyMismatch, IllegalMove, OverQuota, UnknownJob
from topmast_service.store.jobs import position
from topmast_service.store.users import User
from topmast_service.workflows.promises import acted

ID = [path_id("job_id", JOB, "The job")]
Document = dict[str, Any]
_DONE = contract.headers("Idempotency-Replayed")


def make(api: Api, waiters: Waiters) -> Routes:
    """The routes."""
    routes = Routes("jobs", __name__, url_prefix="/v1/jobs", description="The life of every search and bundle")
    require_key(routes, api.stores)

    def once(
        name: str, job_id: str, headers: Mapping[str, str], do: Callable[[str | None], Job], **said: Any
    ) -> tuple[Document, dict[str, str]]:
        found = api.control.get(user(), job_id)
        done = acted(api.stores.jobs, found, name, headers.get("idempotency_key"), do, **said)
        return documents.of_job(done.job), replayed(done.repeated)

    @routes.route("", methods=["GET"])
    @routes.operation("listJobs", raises=[BadCursor])
    @routes.arguments(JobsQuery, location="query")
    @routes.response(200, JobList, description="A page of jobs", headers=contract.headers("Link"))
    def list_jobs(query: dict[str, Any]) -> tuple[Document, dict[str, str]]:
        """Your jobs, newest first."""
        filters = paging.fingerprint(*(query.get(name) for name in ("kind", "phase", "label", "after", "ids")))
        start = paging.behind(query.get("cursor"), filters)
        jobs, following = paging.of_jobs(_wanted(api, user(), query, start), query["limit"], filters)
        return {"items": map(documents.of_job, jobs), "next": following}, paging.next_link(following)

    @routes.route("/<job_id>", methods=["GET"], parameters=ID)
    @routes.operation("getJob", raises=[UnknownJob])
    @routes.arguments(JobQuery, location="query")
    @routes.response(
        200, JobDocument, description="The job as it is now", headers=contract.headers("Retry-After", "ETag")
    )
    def get_job(query: dict[str, Any], job_id: str) -> tuple[Document, dict[str, str]]:
        """A job; with `wait`, as soon as it changes.

        Pass the `version` you know as `since`, so that no change between two requests is missed. If too many wait
        already, the answer comes at once; Retry-After says when to ask again.
        """
        job = waiters.for_change(user(), job_id, query.get("since"), query["wait"])
        document = documents.of_job(job, ahead=api.control.ahead_of(job))
        return document, {"ETag": documents.etag(job), **({} if job.final else {"Retry-After": "1"})}

    @routes.route("/<job_id>", methods=["DELETE"], parameters=ID)
    @routes.operation("deleteJob", raises=[UnknownJob])
    @routes.arguments(NoQuery, location="query")
    @routes.response(204, description="It is gone", headers=contract.headers())
    def delete_job(_: dict[str, Any], job_id: str) -> None:
        """Abort a job and remove its results and its record."""
        api.control.delete(user(), job_id)

    @routes.route("/<job_id>/abort", methods=["POST"], parameters=ID)
    @routes.operation("abortJob", raises=[UnknownJob, IdempotencyMismatch])
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.response(202, JobDocument, description="It is aborted", headers=_DONE)
    @routes.alt_response(200, schema=JobDocument, description="It had ended already", headers=_DONE)
    def abort_job(headers: dict[str, str], _: dict[str, Any], job_id: str) -> tuple[Document, int, dict[str, str]]:
        """Stop a job; its record stays."""
        status = 200 if api.control.get(user(), job_id).final else 202
        told, more = once("abort", job_id, headers, lambda act: api.control.abort(user(), job_id, act))
        return told, status, more

    @routes.route("/<job_id>/hold", methods=["POST"], parameters=ID)
    @routes.operation("holdJob", raises=[UnknownJob, IllegalMove, IdempotencyMismatch])
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.response(202, JobDocument, description="It is held", headers=_DONE)
    def hold_job(headers: dict[str, str], _: dict[str, Any], job_id: str) -> tuple[Document, dict[str, str]]:
        """Pause a job until `run`; what is under way goes back to where it waited."""
        return once("hold", job_id, headers, lambda act: api.control.hold(user(), job_id, act))

    @routes.route("/<job_id>/run", methods=["POST"], parameters=ID)
    @routes.operation("runJob", raises=[UnknownJob, IdempotencyMismatch])
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.response(202, JobDocument, description="It goes on", headers=_DONE)
    def run_job(headers: dict[str, str], _: dict[str, Any], job_id: str) -> tuple[Document, dict[str, str]]:
        """Let a held job go on; one that is not held is left as it is."""
        return once("run", job_id, headers, lambda act: api.control.run(user(), job_id, act))

    @routes.route("/<job_id>/retry", methods=["POST"], parameters=ID)
    @routes.operation("retryJob", raises=[UnknownJob, IllegalMove, OverQuota, IdempotencyMismatch])
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(RetryQuery, location="query")
    @routes.response(202, JobDocument, description="The next revision is under way", headers=_DONE)
    def retry_job(headers: dict[str, str], query: dict[str, Any], job_id: str) -> tuple[Document, dict[str, str]]:
        """Make the next revision of a bundle that has ended: the failed files again, or all listed anew.

        The revision before stays in sight until then.
        """
        everything = query["what"] == "all"
        do = partial(api.control.retry, user(), job_id, everything)
        return once("retry", job_id, headers, do, what=query["what"])

    return routes


def _wanted(api: Api, asker: User, query: Mapping[str, Any], start: tuple[float, str] | None) -> Iterator[Job]:
    """The jobs that pass the filters, newest first, from behind `start`."""
    ids, after = query.get("ids"), query.get("after")
    found = api.control.list(asker, start) if ids is None else _named(api, asker, ids, start)
    young = found if after is None else takewhile(lambda job: job.created > after, found)
    return (job for job in young if _passes(job, query))


def _named(api: Api, asker: User, ids: list[str], start: tuple[float, str] | None) -> Iterator[Job]:
    jobs = []
    for job_id in dict.fromkeys(ids):
        with suppress(UnknownJob):
            jobs.append(api.control.get(asker, job_id))
    ordered = sorted(jobs, key=position, reverse=True)
    return (job for job in ordered if start is None or position(job) < start)


def _passes(job: Job, query: Mapping[str, Any]) -> bool:
    return (
        query.get("kind") in {None, job.kind}
        and (not query.get("phase") or job.phase in query["phase"])
        and query.get("label") in {None, job.label}
    )
