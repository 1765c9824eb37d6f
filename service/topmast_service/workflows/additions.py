"""Putting things into a basket: at once where the files are known, else by a search that asks MAST which they are."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topmast_service.domain import telemetry
from topmast_service.domain.basket import Changed
from topmast_service.domain.rows import Question, ask
from topmast_service.errors import EmptySelection, Invalid, UnknownJob
from topmast_service.store import conditions
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.store.users import User
from topmast_service.workflows import named_files
from topmast_service.workflows.baskets import Baskets
from topmast_service.workflows.bundle_sources import BundleSources
from topmast_service.workflows.control import rows_table
from topmast_service.workflows.promises import earlier, promised
from topmast_service.workflows.submit import Submissions, Submitted

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Additions:
    """Takes what users want in their baskets: a search's rows, observations, dataURIs, engineering series."""

    baskets: Baskets
    submissions: Submissions
    sources: BundleSources
    jobs: JobStore
    tables: Path

    def add(
        self, user: User, basket_id: str, source: Mapping[str, Any], where: Sequence[str], key: str | None = None
    ) -> Changed | Submitted:
        """Put in what `source` names: ``{search | observations | uris | series: …}``; of a search the rows that fit.

        Returns
        -------
        Changed
            It was done.
        Submitted
            The search that does it: MAST must be asked which files they are.

        Raises
        ------
        UnknownBasket, NotFound, NotReady, NoResult, NotToBeBundled, Invalid, UnknownColumn, EmptySelection, BasketFull
            Nothing was begun.
        """
        self.baskets.get(user.name, basket_id)
        asked, route = {"from": source, "where": list(where)}, f"baskets/{basket_id}/items"
        known = earlier(self.jobs, user.name, route, key, asked)
        if known and (again := self._again(user, basket_id, known)):
            return again
        rows = self._files(user, source, where)
        new_id = f"s_{secrets.token_hex(8)}"
        promise = promised(self.jobs, user.name, route, key, body=asked, new_id=new_id)
        if rows is not None:
            return self.baskets.add(user.name, basket_id, promise.job_id, rows, named=True)
        made = self.submissions.for_basket(user, basket_id, source, where, promise.job_id)
        return Submitted(made.job, promise.repeated)

    def _again(self, user: User, basket_id: str, known: str) -> Changed | Submitted | None:
        """What an earlier request did under this id; None if it has not yet."""
        try:
            return Submitted(self.jobs.get(known), True)
        except UnknownJob:
            return self.baskets.added(user.name, basket_id, known)

    def _files(self, user: User, source: Mapping[str, Any], where: Sequence[str]) -> Rows | None:
        """The files that are meant; None if they are observations."""
        if len(source) != 1:
            raise Invalid("`from` names exactly one of search, observations, uris, series.")
        kind, value = next(iter(source.items()))
        if not value:
            raise EmptySelection(f"`from.{kind}` is empty.")
        if kind == "search":
            return self._of_search(user, value, where)
        if where:
            raise Invalid("`where` chooses among the rows of a search.")
        if kind == "observations":
            return None
        return map(named_files.of_uri, dict.fromkeys(value if kind == "uris" else map(_of_series, value)))

    def _of_search(self, user: User, search_id: str, where: Sequence[str]) -> Rows | None:
        self.sources.check_search(user, search_id)
        now = self.jobs.now()
        table = Table(rows_table(self.tables, search_id), now)
        question = Question(ask(table.askable, where=where).where)
        conditions.where(question.where, table.askable)  # before anything is begun
        if series := self.jobs.get(search_id).result.get("series"):
            return map(named_files.of_uri, _asked_for(series, table, question))
        return named_files.files(table, question, now)


def _asked_for(series: Sequence[Mapping[str, Any]], table: Table, question: Question) -> Iterator[str]:
    """The telemetry files in which the chosen samples came."""
    chosen = {row["mnemonic"] for row in table.every(question)} if question.where else None
    return (uri for one in series if chosen is None or one["mnemonic"] in chosen for uri in one["uris"])


def _of_series(series: Mapping[str, Any]) -> str:
    if series["end"] < series["start"]:
        raise Invalid(f"{series['mnemonic']}: the series ends before it begins.")
    return telemetry.uri(series["mnemonic"], series["start"], series["end"])
