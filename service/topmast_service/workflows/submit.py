"""How a request becomes a job: everything that can be told without MAST is told now, before anything is created."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from structlog.contextvars import get_contextvars

from topmast_service.domain import job, notices, search, selection
from topmast_service.domain.job import Job
from topmast_service.domain.notices import ACKNOWLEDGE, without
from topmast_service.domain.search import FormOf
from topmast_service.errors import Invalid, UnknownJob
from topmast_service.store.jobs import JobStore
from topmast_service.store.users import User
from topmast_service.workflows.bundle_sources import BundleSources, understood
from topmast_service.workflows.promises import digest, earlier, promised
from topmast_service.workflows.quotas import QuotaKeeper

log = logging.getLogger(__name__)

SEARCH_RETENTION = timedelta(days=30)
"""Search results are small; they stay longer than bundles."""

COPY_RETENTION = timedelta(days=30)
"""How long it is told what became of a copy; the copy itself is its user's."""


@dataclass(frozen=True)
class Submitted:
    """The job of a request, and whether an earlier request with the same Idempotency-Key made it."""

    job: Job
    repeated: bool


class Submissions:
    """Takes requests. `wake` tells the workers that a job waits; if that message is lost, upkeep sends it again."""

    def __init__(
        self,
        jobs: JobStore,
        sources: BundleSources,
        wake: Callable[[Job], None],
        form_of: FormOf,
        *,
        retention_days: int,
        max_days: int,
        quotas: QuotaKeeper,
        hooks: Collection[str] = (),
    ) -> None:
        self._jobs = jobs
        self._sources = sources
        self._form_of = form_of
        self._wake = wake
        self._days = retention_days
        self._max_days = max_days
        self._hooks = hooks
        self._quotas = quotas

    def search(self, user: User, body: Mapping[str, Any], key: str | None = None) -> Submitted:
        """A search of any collection: ``{"collection", "target", "criteria", "expand", "count_only", …}`` (http.md).

        Raises
        ------
        Invalid, UnknownColumn, BadTarget, EmptySelection
            What MAST need not be asked for.
        """
        if again := self.earlier(user, "search", body, key):
            return again
        search.read(body, self._form_of)
        return self._submit(user, "search", body, SEARCH_RETENTION, key, route="search")

    def products(self, user: User, search_id: str, where: Iterable[str]) -> Submitted:
        """The search for the products of those rows of a search that fit `where`: found, or begun.

        There is one for each search and set of conditions; one that was deleted or ended badly is begun anew.

        Raises
        ------
        NotReady, NoResult, NotFound, NotToBeBundled
            The search has no rows that files belong to.
        """
        self._sources.check_search(user, search_id)
        body = {"collection": "products", "search": search_id, "where": sorted(set(where))}
        return self._found_or_begun(user, "search", f"products:{digest(body)}", body, SEARCH_RETENTION)

    def mrp(self, user: User, obs_id: str) -> Submitted:
        """The bundle of an observation's Minimum Recommended Products: the one of today, or begun. Nobody is mailed.

        There is one a day, so that what is reprocessed comes; one that was deleted, archived or ended badly is begun
        anew.

        Parameters
        ----------
        obs_id
            Or an obsid.
        """
        body = {"from": {"observations": [obs_id]}, "notify": []}
        key = f"mrp:{self._jobs.now():%Y-%m-%d}:{digest(body)}"
        return self._found_or_begun(user, "bundle", key, body, timedelta(days=self._days))

    def _found_or_begun(self, user: User, kind: str, key: str, body: Mapping[str, Any], keep: timedelta) -> Submitted:
        """The user's one job for `key`, unless it is lost: then another."""
        asked = digest(body)
        while True:
            new_id = f"{kind[0]}_{secrets.token_hex(8)}"
            promise = self._jobs.promise(user.name, key, asked, new_id, int(keep.total_seconds()))
            if not self._is_lost(promise.job_id):
                now = self._jobs.now()
                days = keep / timedelta(days=1)
                new = Job(promise.job_id, kind, user.name, dict(body), now, now + keep, retention_days=days)
                return Submitted(self._add(new), promise.repeated)
            self._jobs.break_promise(user.name, key, asked, promise.job_id)

    def for_basket(
        self, user: User, basket_id: str, source: Mapping[str, Any], where: Iterable[str], job_id: str
    ) -> Submitted:
        """The search, under this id, for the products of a search's rows or of observations, which end in a basket."""
        body = {"collection": "products", **source, "where": sorted(set(where)), "basket": basket_id}
        now = self._jobs.now()
        return Submitted(self._add(Job(job_id, "search", user.name, body, now, now + SEARCH_RETENTION)), False)

    def _is_lost(self, job_id: str) -> bool:
        """Whether a job is no longer of use; one that is not there yet is about to be."""
        try:
            return self._jobs.get(job_id).phase in {job.ERROR, job.ABORTED, job.ARCHIVED}
        except UnknownJob:
            return self._jobs.was_removed(job_id)

    def bundle(self, user: User, body: Mapping[str, Any], key: str | None = None) -> Submitted:
        """A bundle: ``{"from": …, "select", "start", "layout", "notify", "retention_days", "label"}`` (http.md).

        With ``"dry_run": true`` a plan: what the bundle would hold and cost, before any byte moves.

        Raises
        ------
        Invalid, EmptySelection, ForeignURI, NotReady, NotFound, NotToBeBundled
            What MAST need not be asked for.
        """
        if again := self.earlier(user, "bundle", body, key):
            return again
        self._sources.check(user, body)
        selection.check(body.get("select") or {})
        days = body.get("retention_days") or self._days
        if not 1 <= days <= self._max_days:
            raise Invalid(f"retention_days is between 1 and {self._max_days} here.")
        notices.check_hooks(body, self._hooks)
        kind, keep = "plan" if body.get("dry_run") else "bundle", timedelta(days=days)
        told = () if kind == "plan" else tuple(notices.of_request(body, user.email))
        return self._submit(user, kind, body, keep, key, route="bundle", told=told, request=understood(body))

    def copy(self, user: User, body: Mapping[str, Any], key: str | None = None) -> Submitted:
        """A copy of a bundle into a shared folder: ``{"bundle", "directory", "overwrite", "label"}``."""
        return self._submit(user, "copy", body, COPY_RETENTION, key, route=copies_of(body["bundle"]))

    def earlier(self, user: User, route: str, body: Mapping[str, Any], key: str | None) -> Submitted | None:
        """The job that an earlier request with this key made, as it is now; None if none did, or not yet.

        Raises
        ------
        Expired, IdempotencyMismatch
            It was deleted; or the key was used for another request.
        """
        made = earlier(self._jobs, user.name, route, key, body)
        try:
            return Submitted(self._jobs.get(made), True) if made else None
        except UnknownJob:
            return None

    def _submit(
        self,
        user: User,
        kind: str,
        body: Mapping[str, Any],
        keep: timedelta,
        key: str | None,
        *,
        route: str,
        told: tuple[str, ...] = (),
        request: Mapping[str, Any] | None = None,
    ) -> Submitted:
        new_id = f"{kind[0]}_{secrets.token_hex(8)}"
        promise = promised(self._jobs, user.name, route, key, body=body, new_id=new_id)
        now = self._jobs.now()
        new = Job(
            promise.job_id, kind, user.name, dict(request or body), now, now + keep, label=body.get("label"),
            notices=told, owed_at_end=without(told, ACKNOWLEDGE), retention_days=keep / timedelta(days=1),
        )  # fmt: skip
        return Submitted(self._add(new), promise.repeated)

    def _add(self, new: Job) -> Job:
        """The job as it is stored under its id, queued unless that has been done; `OverQuota` stores nothing."""
        asked = replace(new, request_id=get_contextvars().get("request_id", ""))
        with self._quotas.place_for(new):
            stored = self._jobs.add(asked)
        if stored.phase == job.PENDING:
            stored = self._jobs.change(new.id, _queued)
            log.info("%s %s is queued", stored.kind, stored.id)
            self._wake(stored)
        return stored


def copies_of(bundle_id: str) -> str:
    """The route of requests for copies, as their Idempotency-Keys know it."""
    return f"bundles/{bundle_id}/copies"


def _queued(waiting: Job) -> Job:
    """A racing repeat of the same request may have queued it already."""
    return job.queue(waiting, job.FIRST_STEP[waiting.kind]) if waiting.phase == job.PENDING else waiting
