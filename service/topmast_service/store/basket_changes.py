"""Changing what lies in a basket: one writer at a time, whichever process it is in, and all of a change or nothing."""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from topmast_service.domain.basket import COLUMNS, Changed, item
from topmast_service.domain.rows import Condition
from topmast_service.errors import BasketFull, Busy
from topmast_service.store.basket_table import COUNTED, PATIENCE, SUMS, BasketTable, connected, totals
from topmast_service.store.conditions import quoted, where
from topmast_service.store.tables import declared, describe

_LOOK_EVERY = 0.02
_KEYS = frozenset({"dataURI", "ticked", "mrp", "listed"})

_TOLD = [name for name in COLUMNS if name not in _KEYS]
_NEWER = ", ".join(f"{quoted(n)} = COALESCE(excluded.{quoted(n)}, {quoted(n)})" for n in _TOLD)
_OLDER = ", ".join(f"{quoted(n)} = COALESCE({quoted(n)}, excluded.{quoted(n)})" for n in _TOLD)
_LISTED = (
    f"{_NEWER}, ticked = ticked OR (excluded.ticked AND NOT COALESCE(mrp, 0)), "
    "mrp = COALESCE(mrp, 0) OR COALESCE(excluded.mrp, 0), listed = listed + excluded.listed"
)
"""MAST's list of a file that is there already: what it says now counts, and a tick stays as its owner left it, unless
the file is recommended only now, under another of its parents."""

_NAMED = f"{_OLDER}, ticked = ticked OR excluded.ticked, mrp = COALESCE(mrp, excluded.mrp)"
"""A file named that is there already: a name says less than MAST's list does, but it is meant."""


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else changes this basket meanwhile. Freed by the kernel if the process dies.

    Raises
    ------
    Busy
        Somebody else does, for longer than `PATIENCE`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_lock_of(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait(descriptor)
        yield
    finally:
        os.close(descriptor)


def create(path: Path) -> None:
    """An empty table, visible when it is whole."""
    aside = path.with_name(f".{path.name}.writing-{secrets.token_hex(4)}")
    try:
        with closing(sqlite3.connect(aside)) as base:
            columns = declared(list(COLUMNS.values()))
            base.execute(f"CREATE TABLE rows (_row INTEGER PRIMARY KEY AUTOINCREMENT, {columns}, UNIQUE (dataURI))")
            base.execute("CREATE INDEX tree ON rows (obs_collection, obs_id)")
            base.execute("CREATE TABLE additions (id TEXT PRIMARY KEY, count INTEGER, barred INTEGER)")
            base.execute(f"CREATE TABLE totals (obs_collection, {', '.join(COUNTED)})")
            describe(base, COLUMNS.values())
            base.commit()
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """The table and what lies beside it."""
    for gone in (path, path.with_name(f"{path.name}-journal"), _lock_of(path)):
        gone.unlink(missing_ok=True)


def copy(path: Path, target: Path) -> None:
    """The table as it is at one moment, also while it is written."""
    with connected(path) as base, closing(sqlite3.connect(target)) as copied:
        base.backup(copied)


def add(path: Path, addition: str, rows: Iterable[Mapping[str, Any]], *, named: bool, most: int) -> Changed:
    """Put product rows in, each dataURI once; an `addition` that was made before is not made again.

    Parameters
    ----------
    addition
        Id of the request or job that brings them.
    named
        Whether somebody named these very files, which are all ticked then.
    most
        Items that a basket may hold.

    Raises
    ------
    BasketFull
        It would hold more; nothing was added.
    """
    with connected(path) as base:
        _set_aside(base, rows, named)
        with _change(base):
            return _take_in(base, addition, named, most)


def added(path: Path, addition: str) -> Changed | None:
    """What came of an addition, if it was made."""
    with connected(path) as base:
        return _added(base, addition)


def _added(base: sqlite3.Connection, addition: str) -> Changed | None:
    known = base.execute("SELECT count, barred FROM additions WHERE id = ?", [addition]).fetchone()
    return Changed(known[0], known[1], repeated=True) if known else None


def _take_in(base: sqlite3.Connection, addition: str, named: bool, most: int) -> Changed:
    if known := _added(base, addition):
        return known
    before, cells = totals(base), ", ".join(map(quoted, COLUMNS))
    base.execute(
        f"INSERT INTO rows ({cells}) SELECT {cells} FROM temp.incoming WHERE 1 "  # noqa: S608 - our own names
        f"ON CONFLICT (dataURI) DO UPDATE SET {_NAMED if named else _LISTED}"
    )
    _sum_up(base)
    after = totals(base)
    if after.count > most:
        raise BasketFull(f"It would hold {after.count} files; {most} is the most here.")
    changed = Changed(after.count - before.count, after.barred - before.barred)
    base.execute("INSERT INTO additions VALUES (?, ?, ?)", [addition, changed.count, changed.barred])
    return changed


def tick(table: BasketTable, conditions: Sequence[Condition], ticked: bool) -> Changed:
    """Tick what fits, or untick it; what cannot be staged stays unticked, and is counted."""
    chosen, values = _chosen(table, conditions)
    with _changing(table.path) as base:
        sql = f"SELECT COUNT(*) FROM rows WHERE {chosen} AND why_not IS NOT NULL"  # noqa: S608 - quoted
        barred = base.execute(sql, values).fetchone()[0] if ticked else 0
        update = f"UPDATE rows SET ticked = ? WHERE {chosen} AND ticked <> ? AND why_not IS NULL"  # noqa: S608 - quoted
        return Changed(base.execute(update, [ticked, *values, ticked]).rowcount, barred)


def strike(table: BasketTable, conditions: Sequence[Condition]) -> Changed:
    """Take out what fits."""
    chosen, values = _chosen(table, conditions)
    with _changing(table.path) as base:
        return Changed(base.execute(f"DELETE FROM rows WHERE {chosen}", values).rowcount)  # noqa: S608 - quoted


def strike_files(path: Path, uris: Iterable[str]) -> Changed:
    """Take out the files with these dataURIs."""
    with _changing(path) as base:
        return Changed(base.executemany("DELETE FROM rows WHERE dataURI = ?", ([uri] for uri in uris)).rowcount)


@contextmanager
def _changing(path: Path) -> Iterator[sqlite3.Connection]:
    with connected(path) as base, _change(base):
        before = base.total_changes
        yield base
        if base.total_changes > before:
            _sum_up(base)


@contextmanager
def _change(base: sqlite3.Connection) -> Iterator[None]:
    """One change: kept as a whole when the block ends, undone when it is left by an error or the process is killed."""
    before = base.total_changes
    base.execute("BEGIN IMMEDIATE")
    yield
    if base.total_changes > before:
        (version,) = base.execute("PRAGMA user_version").fetchone()
        base.execute(f"PRAGMA user_version = {version + 1}")  # in the transaction, like everything else
    base.execute("COMMIT")


def _sum_up(base: sqlite3.Connection) -> None:
    base.execute("DELETE FROM totals")
    base.execute(f"INSERT INTO totals SELECT obs_collection, {SUMS} FROM rows GROUP BY 1")  # noqa: S608 - our own names


def _set_aside(base: sqlite3.Connection, rows: Iterable[Mapping[str, Any]], named: bool) -> None:
    """Read the rows into a table of this connection's own: nobody waits for a basket meanwhile."""
    base.execute(f"CREATE TEMP TABLE incoming ({declared(list(COLUMNS.values()))})")
    base.execute("BEGIN")
    marks = ",".join("?" * len(COLUMNS))
    base.executemany(
        f"INSERT INTO temp.incoming VALUES ({marks})",  # noqa: S608 - marks only
        (tuple(item(row, named=named).values()) for row in rows if row.get("dataURI")),
    )
    base.execute("COMMIT")


def _chosen(table: BasketTable, conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    fits, values = where(conditions, table.askable)
    return f"_row IN (SELECT _row FROM {table.source} WHERE {fits})", values  # noqa: S608 - known columns, quoted


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _wait(descriptor: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Busy("Somebody else is changing the basket.", retry_after=2) from None
            time.sleep(_LOOK_EVERY)
