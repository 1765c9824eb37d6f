"""What lies in a basket: a table that is read while others write into it.

Other tables are written once and read for ever; this one changes with every tick. SQLite's rollback journal makes each
change whole: a reader sees the state before or after it, and what a killed writer left half done is undone by whoever
opens the table next (which is why readers open it for writing, too). WAL would need memory that hosts cannot share.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from topmast_service.domain.basket import Totals
from topmast_service.domain.columns import Column
from topmast_service.errors import Busy, UnknownBasket
from topmast_service.store.tables import Table

ROW = Column("_row", "int", description="The row's id; it stays, and is never given twice")

PATIENCE = 30.0
"""Seconds that readers wait for a writer, and writers for readers, before they say that it is busy."""

COUNTED = ("count", "bytes", "ticked", "ticked_bytes", "barred", "listed")
SUMS = (
    "COUNT(*), COALESCE(SUM(size), 0), COALESCE(SUM(ticked), 0), "
    "COALESCE(SUM(CASE WHEN ticked THEN size END), 0), COUNT(why_not), COALESCE(SUM(listed), 0)"
)
"""What is told of a basket and of each node of its tree, as SQL."""


class BasketTable(Table):
    """A basket's items, for reading; what is read in one go is of one moment."""

    counting: ClassVar[str] = "COUNT(*)"

    def __init__(self, path: Path, now: datetime) -> None:
        super().__init__(path, now)
        self.askable = {**self.askable, ROW.name: ROW}

    @contextlib.contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The table at one moment."""
        with connected(self.path) as base:
            base.execute("BEGIN")
            yield base

    def totals(self) -> Totals:
        """Its sums, which every change brings up to date."""
        with self.opened() as base:
            return totals(base)


def totals(base: sqlite3.Connection) -> Totals:
    """The sums as the last change left them."""
    (version,) = base.execute("PRAGMA user_version").fetchone()
    found = base.execute(f"SELECT obs_collection, {', '.join(COUNTED)} FROM totals ORDER BY 1")  # noqa: S608 - our own names
    missions = {name: dict(zip(COUNTED, sums, strict=True)) for name, *sums in found}
    sums = {name: sum(mission[name] for mission in missions.values()) for name in COUNTED}
    return Totals(**sums, version=version, missions=missions)


@contextlib.contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a basket's table.

    Raises
    ------
    UnknownBasket
        It was removed.
    Busy
        Somebody else writes, or reads, for longer than `PATIENCE`.
    """
    if not path.exists():
        raise UnknownBasket("The basket was removed.")
    address = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)) as base:
        try:
            yield base
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            raise Busy("The basket is being changed.", retry_after=2) from error
