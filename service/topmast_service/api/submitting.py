"""The answer to a request that made a job, the same for every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from topmast_service.api.waiting import Waiters, preferred
from topmast_service.domain.job import Job
from topmast_service.store.users import User
from topmast_service.workflows.submit import Submitted

Answer = tuple[dict[str, Any], int, dict[str, str]]


def answer(
    waiters: Waiters, user: User, made: Submitted, prefer: str, document: Callable[[Job], dict[str, Any]]
) -> Answer:
    """202 and where to look; or 200, when the caller preferred to wait and the job ended in time."""
    wait = preferred(prefer)
    job = waiters.for_end(user, made.job, wait)
    in_time = wait > 0 and job.final
    headers = {"Location": f"/v1/jobs/{job.id}"}
    headers |= {"Preference-Applied": f"wait={wait}"} if in_time else {}
    headers |= {"Idempotency-Replayed": "true"} if made.repeated else {}
    headers |= {} if job.final else {"Retry-After": "1"}
    return document(job), 200 if in_time else 202, headers
