"""From a bundle request to the table of its files: which observations, which products, which of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from topmast_service.archive import observations
from topmast_service.archive.portal import Portal
from topmast_service.domain import product, selection
from topmast_service.domain.rows import Question
from topmast_service.domain.selection import Account, Selection
from topmast_service.errors import Expired, UnknownJob
from topmast_service.store.listing import Listing
from topmast_service.store.tables import Table
from topmast_service.workflows import named_files, sources
from topmast_service.workflows.attempt import Attempt
from topmast_service.workflows.control import products_table, rows_table
from topmast_service.workflows.sources import Lister


@dataclass(frozen=True)
class Planner:
    """Resolves and selects (design §4, steps 1 and 2)."""

    open_portal: Callable[[], Portal]
    folder: Path
    batch: int
    connections: int

    def plan(self, attempt: Attempt) -> dict[str, Any]:
        """Write the product table of the bundle.

        Returns
        -------
        dict
            ``{"counts": …, "bytes": {"total": …}, "notes": […]}``.
        """
        request, notes = attempt.job.request, list[str]()
        named = self._named_files(attempt)
        wanted = _wanted(request.get("select") or {}, named is not None)
        account = Account()

        def why_not(row: Mapping[str, Any]) -> str | None:
            return selection.excluded(product.of_row(row, mrp=bool(row["mrp"])), wanted)

        with Listing(products_table(self.folder, attempt.job.id)) as listing:
            if named is not None:
                listing.add(sources.watched(attempt.check, named), lambda row: bool(row.get("mrp", True)))
            seen = {"observations": 0 if named is not None else self._fill(attempt, listing, notes)}
            listing.decide(why_not, lambda reason, size: _count(account, reason, size))
            account.listed = listing.listed
            attempt.check()  # the table takes its place when this block ends: a successor's must not be replaced
        notes += _hints(account)
        return {"counts": {**account.as_counts(), **seen}, "bytes": {"total": account.bytes}, "notes": notes}

    def _named_files(self, attempt: Attempt) -> Iterator[Mapping[str, Any]] | None:
        """The files that the request names one by one; None if it names observations."""
        kind, value = next(iter(attempt.job.request["from"].items()))
        if kind == "uris":
            return map(named_files.of_uri, dict.fromkeys(value))
        if kind == "search" and (files := _asked_for(attempt, value)):
            return map(named_files.of_uri, files)
        table = Table(rows_table(self.folder, value)) if kind == "search" else None
        return sources.files(table, Question(), attempt.jobs.now()) if table is not None else None

    def _fill(self, attempt: Attempt, listing: Listing, notes: list[str]) -> int:
        """List the products of the observations; returns how many there are."""
        kind, value = next(iter(attempt.job.request["from"].items()))
        with closing(self.open_portal()) as portal:
            rows = list(self._observations(portal, kind, value))
        if kind == "observations":
            notes += _not_found(value, rows)
        return Lister(self.open_portal, self.batch, self.connections).fill(rows, listing, notes, attempt.check)

    def _observations(self, portal: Portal, kind: str, value: Any) -> Iterator[Mapping[str, Any]]:
        if kind == "search":
            return sources.observations(Table(rows_table(self.folder, value)), Question())
        return observations.by_ids(portal, value)


def _asked_for(attempt: Attempt, search_id: str) -> list[str]:
    """The telemetry files that a search of engineering samples asked for; none for other searches."""
    try:
        series = attempt.jobs.get(search_id).result.get("series")
    except UnknownJob:
        raise Expired(f"Search {search_id} is gone.") from None
    return [uri for mnemonic in series or () for uri in mnemonic["uris"]]


def _count(account: Account, reason: str | None, size: int) -> None:
    account.unique += 1
    if reason:
        account.excluded[reason] += 1
    else:
        account.selected += 1
        account.bytes += size


def _not_found(wanted: list[str], rows: list[Mapping[str, Any]]) -> list[str]:
    known = {str(r.get("obsid")) for r in rows} | {str(r.get("obs_id")) for r in rows}
    missing = [w for w in wanted if w not in known]
    return [f"MAST does not know {len(missing)} of the observations: {', '.join(missing[:5])}."] if missing else []


def _hints(account: Account) -> list[str]:
    if account.selected or not account.unique:
        return []
    left_out = ", ".join(f"{n} by {reason}" for reason, n in account.excluded.most_common(3))
    return [f"The selection left nothing of {account.unique} files ({left_out})."]


def _wanted(select: Mapping[str, Any], named: bool) -> Selection:
    """What is selected; files that were named one by one are all meant, unless the request says otherwise."""
    wanted = selection.of_request(select)
    if not named:
        return wanted
    guide_stars, mrp = select.get("guide_stars") or "include", wanted.mrp or False
    return replace(wanted, guide_stars=guide_stars, mrp=mrp)
