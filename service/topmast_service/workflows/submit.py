"""How a request becomes a job: everything that can be told without MAST is told now, before anything is created."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from topmast_service.domain import job, search, selection
from topmast_service.domain.job import Job
from topmast_service.domain.lists import reading
from topmast_service.domain.notices import ACKNOWLEDGE, HOOK, READY, without
from topmast_service.domain.product import PREFIXES
from topmast_service.domain.search import FormOf
from topmast_service.errors import (
    EmptySelection,
    Expired,
    ForeignURI,
    Invalid,
    NoResult,
    NotFound,
    NotReady,
    NotToBeBundled,
    UnknownHook,
    UnknownJob,
)
from topmast_service.store.jobs import JobStore
from topmast_service.store.users import User
from topmast_service.workflows.baskets import Baskets

SEARCH_RETENTION = timedelta(days=30)
"""Search results are small; they stay longer than bundles."""

COPY_RETENTION = timedelta(days=30)
"""How long it is told what became of a copy; the copy itself is its user's."""

ANOTHER_KEY = "Use another Idempotency-Key for a new job."

BUNDLED = frozenset({"observations", "instrument_keywords", "wavefront", "products"})
"""Collections whose rows are observations or files; others' are once they are expanded to observations."""

MOST_NAMED, SHOWN = 50_000, 20
"""Files that one bundle may name; lines of a list that the record keeps because they were not understood."""

SOURCES = ("search", "plan", "observations", "uris", "list", "basket")
"""What a bundle can be made from."""


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
        baskets: Baskets,
        wake: Callable[[Job], None],
        form_of: FormOf,
        *,
        retention_days: int,
        max_days: int,
        hooks: Collection[str] = (),
    ) -> None:
        self._jobs = jobs
        self._baskets = baskets
        self._form_of = form_of
        self._wake = wake
        self._days = retention_days
        self._max_days = max_days
        self._hooks = hooks

    def search(self, user: User, body: Mapping[str, Any], key: str | None = None) -> Submitted:
        """A search of any collection: ``{"collection", "target", "criteria", "expand", "count_only", …}`` (http.md).

        Raises
        ------
        Invalid, UnknownColumn, BadTarget, EmptySelection
            What MAST need not be asked for.
        """
        search.read(body, self._form_of)
        return self._submit(user, "search", body, SEARCH_RETENTION, key)

    def products(self, user: User, search_id: str, where: Iterable[str]) -> Submitted:
        """The search for the products of those rows of a search that fit `where`: found, or begun.

        There is one for each search and set of conditions; one that was deleted or ended badly is begun anew.

        Raises
        ------
        NotReady, NoResult, NotFound, NotToBeBundled
            The search has no rows that files belong to.
        """
        self.check_search(user, search_id)
        body = {"collection": "products", "search": search_id, "where": sorted(set(where))}
        return self._found_or_begun(user, "search", f"products:{_digest(body)}", body, SEARCH_RETENTION)

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
        key = f"mrp:{self._jobs.now():%Y-%m-%d}:{_digest(body)}"
        return self._found_or_begun(user, "bundle", key, body, timedelta(days=self._days))

    def _found_or_begun(self, user: User, kind: str, key: str, body: Mapping[str, Any], keep: timedelta) -> Submitted:
        """The user's one job for `key`, unless it is lost: then another."""
        digest = _digest(body)
        while True:
            new_id = f"{kind[0]}_{secrets.token_hex(8)}"
            promise = self._jobs.promise(user.name, key, digest, new_id, int(keep.total_seconds()))
            if not self._is_lost(promise.job_id):
                now = self._jobs.now()
                days = keep / timedelta(days=1)
                new = Job(promise.job_id, kind, user.name, dict(body), now, now + keep, retention_days=days)
                return Submitted(self._add(new), promise.repeated)
            self._jobs.break_promise(user.name, key, digest, promise.job_id)

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
        self._check_source(user, body)
        selection.check(body.get("select") or {})
        days = body.get("retention_days") or self._days
        if not 1 <= days <= self._max_days:
            raise Invalid(f"retention_days is between 1 and {self._max_days} here.")
        check_hooks(body, self._hooks)
        kind, keep = "plan" if body.get("dry_run") else "bundle", timedelta(days=days)
        notices = () if kind == "plan" else tuple(notices_of(user, body))
        return self._submit(user, kind, body, keep, key, notices=notices, request=_understood(body))

    def copy(self, user: User, body: Mapping[str, Any], key: str | None = None) -> Submitted:
        """A copy of a bundle into a shared folder: ``{"bundle", "directory", "overwrite", "label"}``."""
        return self._submit(user, "copy", body, COPY_RETENTION, key)

    def _check_source(self, user: User, body: Mapping[str, Any]) -> None:
        source = body.get("from") or {}
        if len(source) != 1:
            raise Invalid(f"`from` names exactly one of {', '.join(SOURCES)}.")
        kind, value = next(iter(source.items()))
        if not value:
            raise EmptySelection(f"`from.{kind}` is empty.")
        if kind == "search":
            self.check_search(user, value)
        if kind == "plan":
            self._check_plan(user, value, body)
        if kind == "basket":
            self._baskets.check_ticked(user.name, value)
        elif body.get("remove_completed"):
            raise Invalid("`remove_completed` is for a bundle that is made from a basket.")
        if kind == "uris" and (foreign := [u for u in value if not u.startswith(PREFIXES)]):
            at = [{"pointer": f"/from/uris/{value.index(u)}", "detail": u, "suggestions": []} for u in foreign[:20]]
            raise ForeignURI(f"{len(foreign)} of {len(value)} dataURIs are not fetched here.", errors=at)

    def _check_plan(self, user: User, plan_id: str, body: Mapping[str, Any]) -> None:
        """A plan is taken as it is; what it was asked with is not asked again."""
        if again := [name for name in ("select", "start", "layout", "dry_run") if body.get(name)]:
            raise Invalid(f"A plan is taken over as it is: {', '.join(again)} belong to its own request.")
        planned = self._jobs.get(plan_id)
        if planned.owner != user.name or planned.kind != "plan":
            raise NotFound(f"There is no plan {plan_id}.")
        if not planned.final:
            raise NotReady(f"Plan {plan_id} has not finished.", retry_after=2)
        if planned.phase != job.COMPLETED:
            raise NoResult(f"Plan {plan_id} ended as {planned.phase}.")

    def check_search(self, user: User, search_id: str) -> None:
        """Whether the user has a finished search of this id whose rows name files or observations.

        Raises
        ------
        NotReady, NoResult, NotFound, NotToBeBundled
            It is none.
        """
        found = self._jobs.get(search_id)
        if found.owner != user.name or found.kind != "search":
            raise NotFound(f"There is no search {search_id}.")
        if not found.final:
            raise NotReady(f"Search {search_id} has not finished.", retry_after=2)
        if found.phase != job.COMPLETED:
            raise NoResult(f"Search {search_id} ended as {found.phase}.")
        _check_rows(found)

    def _submit(
        self,
        user: User,
        kind: str,
        body: Mapping[str, Any],
        keep: timedelta,
        key: str | None,
        *,
        notices: tuple[str, ...] = (),
        request: Mapping[str, Any] | None = None,
    ) -> Submitted:
        job_id, repeated = f"{kind[0]}_{secrets.token_hex(8)}", False
        if key is not None:
            promise = self._jobs.promise(user.name, f"{kind}:{key}", _digest(body), job_id)
            job_id, repeated = promise.job_id, promise.repeated
            if repeated and self._jobs.was_removed(job_id):
                raise Expired(f"Job {job_id}, which this Idempotency-Key stands for, was deleted.", hint=ANOTHER_KEY)
        now = self._jobs.now()
        new = Job(
            job_id, kind, user.name, dict(request or body), now, now + keep, label=body.get("label"), notices=notices,
            owed_at_end=without(notices, ACKNOWLEDGE), retention_days=keep / timedelta(days=1),
        )  # fmt: skip
        return Submitted(self._add(new), repeated)

    def _add(self, new: Job) -> Job:
        """The job as it is stored under its id, queued unless that has been done."""
        stored = self._jobs.add(new)
        if stored.phase == job.PENDING:
            stored = self._jobs.change(new.id, _queued)
            self._wake(stored)
        return stored


def _understood(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request with what its list from elsewhere means in place of the text, which may have megabytes.

    Raises
    ------
    NothingUnderstood
        Nothing of the list names a file or an observation.
    """
    text = body["from"].get("list")
    if text is None:
        return body
    found = reading.read(text)
    if len(found.files) > MOST_NAMED:
        raise Invalid(f"The list names {len(found.files)} files; a bundle takes {MOST_NAMED}.", hint="Split it.")
    unread = [f"line {missed.line}: {missed.text} ({missed.reason})" for missed in found.not_understood[:SHOWN]]
    told = {"repeated": found.repeated, "unread": found.unread, "not_understood": unread}
    named = {"kind": found.kind, "uris": list(found.uris), "observations": list(found.observations)}
    return {**body, "from": {"list": named | told}}


def _check_rows(found: Job) -> None:
    """Whether the rows of a search name files or observations, as far as its request tells."""
    if found.request.get("count_only"):
        raise NoResult(f"Search {found.id} only counted: it has no rows.", hint="Send it again without `count_only`.")
    collection = found.request.get("collection") or "observations"
    if found.result.get("series"):  # engineering samples: the files that they came in
        return
    if collection not in BUNDLED and found.request.get("expand") != "observations":
        raise NotToBeBundled(f"The rows of a search of {collection} name no files.")


def _queued(waiting: Job) -> Job:
    """A racing repeat of the same request may have queued it already."""
    return job.queue(waiting, job.FIRST_STEP[waiting.kind]) if waiting.phase == job.PENDING else waiting


def check_hooks(body: Mapping[str, Any], known: Collection[str]) -> None:
    """Make sure that the hooks which `notify` names are there; else `UnknownHook` with those that are."""
    for number, entry in enumerate(body.get("notify") or ()):
        if entry.get("hook", "") not in {"", *known}:
            at = {"pointer": f"/notify/{number}/hook", "detail": entry["hook"], "suggestions": sorted(known)}
            raise UnknownHook(f"This topmast has no hook {entry['hook']!r}.", errors=[at])


def notices_of(user: User, body: Mapping[str, Any]) -> list[str]:
    """Who is to be told of what: ``<event> <address>``. Without `notify` the user's own address, if there is one."""
    given = body.get("notify")
    if given is None:
        given = [{"email": user.email}] if user.email else []
    addresses = [entry["email"] for entry in given if "email" in entry]
    told = [f"{event} {address}" for address in dict.fromkeys(addresses) for event in (ACKNOWLEDGE, READY)]
    return told + [f"{HOOK} {name}" for name in dict.fromkeys(entry["hook"] for entry in given if "hook" in entry)]


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
