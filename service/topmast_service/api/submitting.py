"""The answer to a request that made a job, the same for every kind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request

from topmast_service.api.waiting import Waiters, preferred
from topmast_service.domain.job import Job
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.jobs import JobStore
from topmast_service.store.users import User
from topmast_service.workflows.submit import Submitted

Answer = tuple[dict[str, Any], int, dict[str, str]]


def replayed(repeated: bool) -> dict[str, str]:
    """The header that says that an earlier request with the same Idempotency-Key is what this answer is about."""
    return {"Idempotency-Replayed": "true"} if repeated else {}


def same_status(app: Flask, jobs: JobStore) -> None:
    """Let every repeat with an Idempotency-Key be told the status that the first request was told (http.md).

    What has become of the job since then would give another: 200 for 202, once it has ended.
    """

    @app.after_request
    def keep(response: Response) -> Response:
        key, user = request.headers.get("Idempotency-Key"), g.get("user")
        if request.method == "POST" and key and user and response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            with suppress(*UNAVAILABLE):  # it was done; that it can be told is not worth an error
                address = f"{request.path}:{key}"
                response.status_code = jobs.first_answer(user.name, address, response.status_code)
        return response


def answer(
    waiters: Waiters, user: User, made: Submitted, prefer: str, document: Callable[[Job], dict[str, Any]]
) -> Answer:
    """202 and where to look; or 200, when the caller preferred to wait and the job ended in time."""
    wait = preferred(prefer)
    job = waiters.for_end(user, made.job, wait)
    in_time = wait > 0 and job.final
    headers = {"Location": f"/v1/jobs/{job.id}"}
    headers |= {"Preference-Applied": f"wait={wait}"} if in_time else {}
    headers |= replayed(made.repeated)
    headers |= {} if job.final else {"Retry-After": "1"}
    return document(job), 200 if in_time else 202, headers
