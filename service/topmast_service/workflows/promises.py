"""Idempotency-Keys: what one stands for, whatever it makes (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from topmast_service.domain.job import Job
from topmast_service.errors import Expired
from topmast_service.store.jobs import JobStore, Promise

ANOTHER_KEY = "Use another Idempotency-Key."


def promised(
    jobs: JobStore, owner: str, route: str, key: str | None, *, body: Mapping[str, Any], new_id: str
) -> Promise:
    """The id that a request's key stands for; without a key, the new one.

    Raises
    ------
    Expired
        It stands for something that was deleted: made again it would be a surprise.
    IdempotencyMismatch
        It was used for another body.
    """
    if key is None:
        return Promise(new_id, repeated=False)
    promise = jobs.promise(owner, f"{route}:{key}", digest(body), new_id)
    if promise.repeated and jobs.was_removed(promise.job_id):
        raise _deleted(promise.job_id)
    return promise


def _deleted(made: str) -> Expired:
    return Expired(f"{made}, which this Idempotency-Key stands for, was deleted.", hint=ANOTHER_KEY)


def earlier(jobs: JobStore, owner: str, route: str, key: str | None, body: Mapping[str, Any]) -> str | None:
    """The id that a request's key stands for already; a repeat is answered whatever has become of what it names.

    Raises
    ------
    Expired, IdempotencyMismatch
        As `promised`.
    """
    known = jobs.promised(owner, f"{route}:{key}", digest(body)) if key is not None else None
    if known is not None and jobs.was_removed(known):
        raise _deleted(known)
    return known


@dataclass(frozen=True)
class Acted:
    """The job after an act, and whether an earlier request with the same Idempotency-Key was the one that acted."""

    job: Job
    repeated: bool


def acted(
    jobs: JobStore, found: Job, name: str, key: str | None, do: Callable[[str | None], Job], **said: Any
) -> Acted:
    """Act on a job, once for each key; what is done is written into its record together with the act's id.

    Parameters
    ----------
    do
        Acts, unless the job's record has the id that it is given.
    said
        What the request says besides.
    """
    route, new_id = f"jobs/{found.id}/{name}", f"a_{secrets.token_hex(8)}"
    promise = promised(jobs, found.owner, route, key, body=said, new_id=new_id)
    act = None if key is None else promise.job_id
    return Acted(found if act in found.deeds else do(act), promise.repeated)


def digest(body: Mapping[str, Any]) -> str:
    """What tells one request from another."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
