"""Where a bundle's products come from: observations that MAST lists, or files that are named one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from topmast_service.archive import observations
from topmast_service.domain.rows import Question
from topmast_service.errors import Expired, UnknownJob
from topmast_service.store.listing import Listing
from topmast_service.store.tables import Table
from topmast_service.workflows import named_files, sources
from topmast_service.workflows.attempt import Attempt
from topmast_service.workflows.control import rows_table
from topmast_service.workflows.planning.means import Means

Row = Mapping[str, Any]


@dataclass
class Origins:
    """Fills a listing from the `from` of a request; `notes` gets what was left out.

    Attributes
    ----------
    named
        Whether the files were named one by one: then all of them are meant.
    """

    means: Means
    attempt: Attempt
    notes: list[str]
    named: bool = False

    def fill(self, listing: Listing) -> int:
        """Take in the products; returns of how many observations."""
        kind, value = next(iter(self.attempt.job.request["from"].items()))
        files = self._files(kind, value)
        self.named = files is not None
        if files is not None:
            listing.add(sources.watched(self.attempt.check, files), lambda row: bool(row.get("mrp", True)))
        rows = self._observations(kind, value)
        if not rows:
            return 0
        return self.means.lister.fill(rows, listing, self.notes, self.attempt.check)

    def _files(self, kind: str, value: Any) -> Iterator[Row] | None:
        """The files that the request names; None if it names observations only."""
        if kind == "list":
            self.notes += _on_list(value)
            return map(named_files.of_uri, value["uris"]) if value["uris"] else None
        if kind == "basket":
            return self.means.baskets.ticked(self.attempt.job.owner, value)
        if kind == "uris":
            return map(named_files.of_uri, dict.fromkeys(value))
        if kind != "search":
            return None
        if series := self._asked_for(value):
            return map(named_files.of_uri, series)
        return named_files.files(self._table(value), Question(), self.attempt.jobs.now())

    def _observations(self, kind: str, value: Any) -> list[Row]:
        if kind == "search":
            return [] if self.named else list(sources.observations(self._table(value), Question()))
        ids = {"observations": value, "list": value["observations"] if kind == "list" else []}.get(kind, [])
        if not ids:
            return []
        with closing(self.means.open_portal()) as portal:
            found: list[Row] = list(observations.by_ids(portal, ids))
        self.notes += sources.unknown(ids, found)
        return found

    def _table(self, search_id: str) -> Table:
        return Table(rows_table(self.means.folder, search_id))

    def _asked_for(self, search_id: str) -> list[str]:
        """The telemetry files that a search of engineering samples asked for; none for other searches."""
        try:
            series = self.attempt.jobs.get(search_id).result.get("series")
        except UnknownJob:
            raise Expired(f"Search {search_id} is gone.") from None
        return [uri for mnemonic in series or () for uri in mnemonic["uris"]]


def _on_list(value: Mapping[str, Any]) -> list[str]:
    """How a list from elsewhere was understood."""
    files, others = len(value["uris"]), len(value["observations"])
    notes = [f"The list was read as {value['kind'].replace('_', ' ')}: {files} files, {others} observations."]
    if value["repeated"]:
        notes.append(f"{value['repeated']} of its entries repeat earlier ones.")
    if value["unread"]:
        notes.append(f"{value['unread']} of its lines were not understood, such as {value['not_understood'][0]}.")
    return notes
