"""Idempotency-Keys: what one stands for, whatever it makes (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

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
        raise Expired(f"{promise.job_id}, which this Idempotency-Key stands for, was deleted.", hint=ANOTHER_KEY)
    return promise


def digest(body: Mapping[str, Any]) -> str:
    """What tells one request from another."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
