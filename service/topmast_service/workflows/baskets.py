"""Baskets: several for each user, by their names; what is in them is looked at, ticked, and taken out.

The record (`store.baskets`) says that there is a basket, the table (`store.basket_table`) what is in it. Whoever
changes the table holds its lock, and has seen the record since; whoever removes a basket holds it, too, and removes the
table first. So no table outlives its record, and one that is not there yet is empty.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from topmast_service.domain.basket import Basket, Changed
from topmast_service.domain.rows import Condition, Question
from topmast_service.errors import Busy, EmptySelection, UnknownBasket
from topmast_service.store import basket_changes
from topmast_service.store.basket_table import BasketTable
from topmast_service.store.baskets import BasketStore
from topmast_service.store.jobs import JobStore
from topmast_service.workflows.promises import promised

SWEEP_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Limits:
    """How many baskets a user may have, and how many files each may hold."""

    baskets: int
    items: int


@dataclass(frozen=True)
class Baskets:
    """Acts on baskets for their owner; another's basket does not exist (`UnknownBasket`)."""

    records: BasketStore
    jobs: JobStore
    folder: Path
    limits: Limits

    def create(self, owner: str, name: str, key: str | None = None) -> tuple[Basket, bool]:
        """A new basket, or the one that an earlier request with this Idempotency-Key made, and whether that was so.

        Raises
        ------
        BasketExists, TooManyBaskets
            The name, or the last place, is taken.
        Expired, IdempotencyMismatch
            The key stands for a basket that was removed, or for another request.
        """
        made = promised(self.jobs, owner, "baskets", key, body={"name": name}, new_id=f"k_{secrets.token_hex(8)}")
        return self.records.create(owner, name, made.job_id, self.limits.baskets), made.repeated

    def list(self, owner: str) -> list[Basket]:
        """The user's baskets, those changed last first."""
        return self.records.of(owner)

    def get(self, owner: str, basket_id: str) -> Basket:
        """The basket's record."""
        return self.records.get(owner, basket_id)

    def rename(self, owner: str, basket_id: str, name: str, check: Callable[[Basket], None]) -> Basket:
        """Another name, if `check` lets the basket pass as it is just then; `BasketExists` if the name is taken."""

        def change(latest: Basket) -> Basket:
            check(latest)
            return replace(latest, name=name, version=latest.version + 1)

        return self.records.change(owner, basket_id, change)

    def delete(self, owner: str, basket_id: str) -> None:
        """Remove it with all that is in it."""
        with self._alone(owner, basket_id) as path:
            self._remove(self.records.get(owner, basket_id), path)

    def table(self, owner: str, basket_id: str) -> BasketTable:
        """What is in it, for reading."""
        self.records.get(owner, basket_id)
        if not self._path(basket_id).exists():
            with self._alone(owner, basket_id):
                pass
        return BasketTable(self._path(basket_id), self.jobs.now())

    def add(
        self, owner: str, basket_id: str, addition: str, rows: Iterable[Mapping[str, Any]], *, named: bool
    ) -> Changed:
        """Put product rows in, once for each `addition`; `named` files are all ticked, of others those recommended.

        Raises
        ------
        BasketFull
            It would hold too many; nothing was added.
        """
        with self._changing(owner, basket_id) as path:
            return basket_changes.add(path, addition, rows, named=named, most=self.limits.items)

    def added(self, owner: str, basket_id: str, addition: str) -> Changed | None:
        """What came of an addition, if it was made."""
        with self._changing(owner, basket_id) as path:
            return basket_changes.added(path, addition)

    def tick(self, owner: str, basket_id: str, conditions: Sequence[Condition], ticked: bool) -> Changed:
        """Tick what fits all conditions, or untick it."""
        with self._changing(owner, basket_id) as path:
            return basket_changes.tick(BasketTable(path, self.jobs.now()), conditions, ticked)

    def strike(self, owner: str, basket_id: str, conditions: Sequence[Condition]) -> Changed:
        """Take out what fits all conditions."""
        with self._changing(owner, basket_id) as path:
            return basket_changes.strike(BasketTable(path, self.jobs.now()), conditions)

    def remove(self, owner: str, basket_id: str, uris: Iterable[str]) -> Changed:
        """Take out the files with these dataURIs: those that were delivered."""
        with self._changing(owner, basket_id) as path:
            return basket_changes.strike_files(path, uris)

    def ticked(self, owner: str, basket_id: str) -> Iterator[Mapping[str, Any]]:
        """The ticked files of this moment, as product rows with MAST's columns.

        `mrp` is true of files of which only the name is known: they were meant. Read it to its end before changing
        the basket: a change waits until then.
        """
        table = self.table(owner, basket_id)
        for row in table.every(Question((Condition("ticked", "eq", ("true",)),))):
            yield row | {"mrp": row["mrp"] is not False}

    def check_ticked(self, owner: str, basket_id: str) -> None:
        """Whether there is anything to submit; `EmptySelection` if not."""
        if not self.table(owner, basket_id).totals().ticked:
            raise EmptySelection("Nothing in this basket is ticked.", hint="Tick files first: PATCH its items.")

    def sweep(self) -> None:
        """Remove what nobody has changed for a year; a look once an hour is enough."""
        if not self.jobs.once("baskets", SWEEP_EVERY):
            return
        now = self.jobs.now()
        for found in self.records.due(now):
            # somebody was faster, or is at it
            with suppress(UnknownBasket, Busy), self._alone(found.owner, found.id) as path:
                latest = self.records.get(found.owner, found.id)
                if latest.destruction <= now:
                    self._remove(latest, path)

    def _path(self, basket_id: str) -> Path:
        return self.folder / f"{basket_id}.sqlite"

    def _remove(self, basket: Basket, path: Path) -> None:
        basket_changes.remove(path)
        self.records.remove(basket)

    @contextmanager
    def _changing(self, owner: str, basket_id: str) -> Iterator[Path]:
        with self._alone(owner, basket_id) as path:
            yield path
            self.records.change(owner, basket_id, lambda latest: latest)  # another year from now

    @contextmanager
    def _alone(self, owner: str, basket_id: str) -> Iterator[Path]:
        path = self._path(basket_id)
        self.records.get(owner, basket_id)
        with basket_changes.alone(path):
            self.records.get(owner, basket_id)  # it may have been removed while we waited
            if not path.exists():
                basket_changes.create(path)
            yield path
