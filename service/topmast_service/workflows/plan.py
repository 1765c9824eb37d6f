"""From a bundle request to the table of its files: which observations, which products, which of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from topmast_service.archive import observations, products
from topmast_service.archive.portal import Portal
from topmast_service.domain import product, selection
from topmast_service.domain.access import PLANNED_LEVEL
from topmast_service.domain.selection import Account, Selection
from topmast_service.errors import Expired, NotToBeBundled, UnknownJob
from topmast_service.store.listing import Listing
from topmast_service.store.tables import Table
from topmast_service.workflows import named_files
from topmast_service.workflows.attempt import Attempt
from topmast_service.workflows.control import products_table, rows_table

STAGED_MISSIONS = frozenset({"JWST", "HST", "HLSP"})
"""MAST stages only these; other missions' observations are counted and left out."""

CHECK_EVERY = 2000
"""Named files between two looks at whether the bundle is still wanted."""


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
                listing.add(_watched(attempt, named), lambda _: True)
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
        if table is None or "obsid" in table.columns:
            return None
        if "dataURI" not in table.columns:
            raise NotToBeBundled(f"The rows of search {value} name no files.")
        now = attempt.jobs.now()
        return (named_files.of_keywords(row, now) for row in table.rows())

    def _fill(self, attempt: Attempt, listing: Listing, notes: list[str]) -> int:
        """List the products of the observations; returns how many there are."""
        kind, value = next(iter(attempt.job.request["from"].items()))
        with closing(self.open_portal()) as portal:
            rows = list(self._observations(portal, kind, value))
            obsids = _obsids(rows, notes)
            if kind == "observations":
                notes += _not_found(value, rows)
            releases = {str(r["obsid"]): r.get("t_obs_release") for r in rows}
        listed = products.listing(self.open_portal, obsids, batch=self.batch, connections=self.connections)
        for batch in listed:
            attempt.check()
            dated = (r | {"t_obs_release": releases.get(str(r.get("parent_obsid")))} for r in batch)
            listing.add(dated, _is_mrp)
        return len(obsids)

    def _observations(self, portal: Portal, kind: str, value: Any) -> Iterator[Mapping[str, Any]]:
        if kind == "search":
            return Table(rows_table(self.folder, value)).rows()
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


def _obsids(rows: list[Mapping[str, Any]], notes: list[str]) -> list[str]:
    """The observations that have files; planned ones have none, other missions' cannot be staged."""
    planned = [r for r in rows if r.get("calib_level") == PLANNED_LEVEL]
    foreign = [r for r in rows if str(r.get("obs_collection")) not in STAGED_MISSIONS]
    if planned:
        notes.append(f"{len(planned)} planned observations have no data yet.")
    if foreign:
        missions = ", ".join(sorted({str(r.get("obs_collection")) for r in foreign}))
        notes.append(f"{len(foreign)} observations of {missions} cannot be staged.")
    left_out = {id(r) for r in (*planned, *foreign)}
    return list(dict.fromkeys(str(r["obsid"]) for r in rows if id(r) not in left_out))


def _not_found(wanted: list[str], rows: list[Mapping[str, Any]]) -> list[str]:
    known = {str(r.get("obsid")) for r in rows} | {str(r.get("obs_id")) for r in rows}
    missing = [w for w in wanted if w not in known]
    return [f"MAST does not know {len(missing)} of the observations: {', '.join(missing[:5])}."] if missing else []


def _hints(account: Account) -> list[str]:
    if account.selected or not account.unique:
        return []
    left_out = ", ".join(f"{n} by {reason}" for reason, n in account.excluded.most_common(3))
    return [f"The selection left nothing of {account.unique} files ({left_out})."]


def _is_mrp(row: Mapping[str, Any]) -> bool:
    return row.get("productGroupDescription") == product.MRP


def _wanted(select: Mapping[str, Any], named: bool) -> Selection:
    """What is selected; guide-star files that were named one by one are meant, unless the request says otherwise."""
    wanted = selection.of_request(select)
    return replace(wanted, guide_stars="include") if named and not select.get("guide_stars") else wanted


def _watched(attempt: Attempt, rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for number, row in enumerate(rows):
        if number % CHECK_EVERY == 0:
            attempt.check()
        yield row
