"""What a bundle is made from, as a request says it: all that can be told of it without MAST."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.domain.lists import reading
from topmast_service.domain.product import PREFIXES
from topmast_service.errors import EmptySelection, ForeignURI, Invalid, NoResult, NotFound, NotReady, NotToBeBundled
from topmast_service.store.jobs import JobStore
from topmast_service.store.users import User
from topmast_service.workflows.baskets import Baskets

BUNDLED = frozenset({"observations", "instrument_keywords", "wavefront", "products"})
"""Collections whose rows are observations or files; others' are once they are expanded to observations."""

MOST_NAMED, SHOWN = 50_000, 20
"""Files that one bundle may name; lines of a list that the record keeps because they were not understood."""

SOURCES = ("search", "plan", "observations", "uris", "list", "basket")
"""What a bundle can be made from."""


@dataclass(frozen=True)
class BundleSources:
    """Looks at what requests name: searches, plans and baskets are their user's own, and have what is wanted."""

    jobs: JobStore
    baskets: Baskets

    def check(self, user: User, body: Mapping[str, Any]) -> None:
        """Whether `from` names one source that can be used.

        Raises
        ------
        Invalid, EmptySelection, ForeignURI, NotReady, NoResult, NotFound, NotToBeBundled
            It does not.
        """
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
            self.baskets.check_ticked(user.name, value)
        elif body.get("remove_completed"):
            raise Invalid("`remove_completed` is for a bundle that is made from a basket.")
        if kind == "uris" and (foreign := [u for u in value if not u.startswith(PREFIXES)]):
            at = [{"pointer": f"/from/uris/{value.index(u)}", "detail": u, "suggestions": []} for u in foreign[:20]]
            raise ForeignURI(f"{len(foreign)} of {len(value)} dataURIs are not fetched here.", errors=at)

    def _check_plan(self, user: User, plan_id: str, body: Mapping[str, Any]) -> None:
        """A plan is taken as it is; what it was asked with is not asked again."""
        if again := [name for name in ("select", "start", "layout", "dry_run") if body.get(name)]:
            raise Invalid(f"A plan is taken over as it is: {', '.join(again)} belong to its own request.")
        planned = self.jobs.get(plan_id)
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
        found = self.jobs.get(search_id)
        if found.owner != user.name or found.kind != "search":
            raise NotFound(f"There is no search {search_id}.")
        if not found.final:
            raise NotReady(f"Search {search_id} has not finished.", retry_after=2)
        if found.phase != job.COMPLETED:
            raise NoResult(f"Search {search_id} ended as {found.phase}.")
        _check_rows(found)


def understood(body: Mapping[str, Any]) -> Mapping[str, Any]:
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
