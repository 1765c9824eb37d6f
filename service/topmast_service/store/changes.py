"""What one table has that another has not, and which cells are no longer the same: a table itself."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from topmast_service.domain.columns import Column
from topmast_service.store.conditions import quoted
from topmast_service.store.tables import Table, declared, describe

CHANGE = Column("_change", description="new, changed or gone since the earlier search")
CHANGED = Column("_changed", description="Names of the columns whose cells are no longer the same", many=True)
NOT_COMPARED = frozenset({"distance"})
"""Follows from where a search stands, and says nothing of the row."""

_TOGETHER = 50
"""Columns compared in one expression; SQLite's may be a thousand terms deep, and an instrument has 240 columns."""


def compared(new: Table, old: Table) -> list[str]:
    """The columns that both tables have, of one type."""
    return [name for name, c in new.columns.items() if name in old.columns and old.columns[name].type == c.type]


def write(path: Path, new: Table, old: Table, key: str, *, gone: bool) -> int:
    """Write the rows that are new, changed or (with `gone`) gone, as a table; returns how many there are.

    Rows are the same if their `key` is. Where a key is empty, or names several rows of one table, rows are compared
    whole: they are new or gone, never changed. New and changed rows come first, in the order of `new`; of a changed
    row the cells are the new ones. Cells that are both empty are the same.
    """
    aside = path.with_name(f".{path.name}.writing-{secrets.token_hex(4)}")  # two may be asked for it at once
    try:
        with contextlib.closing(sqlite3.connect(f"{aside.absolute().as_uri()}", uri=True)) as base:
            for name, table in (("new", new), ("old", old)):
                base.execute(f"ATTACH ? AS {name}", [f"{table.path.absolute().as_uri()}?immutable=1"])
            _match(base, quoted(key), compared(new, old))
            count = _keep(base, new, old, gone)
            base.commit()
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return count


def _match(base: sqlite3.Connection, key: str, cells: Sequence[str]) -> None:
    """Fill ``temp.matched (new_row, old_row)``: all rows of both, beside each other or alone."""
    base.executescript(
        f"""
        CREATE TEMP TABLE several AS SELECT {key} AS key FROM new.rows GROUP BY 1 HAVING COUNT(*) > 1
          UNION SELECT {key} FROM old.rows GROUP BY 1 HAVING COUNT(*) > 1;
        CREATE TEMP TABLE sure AS SELECT {key} AS key, _row FROM old.rows
          WHERE {key} IS NOT NULL AND {key} NOT IN (SELECT key FROM several WHERE key IS NOT NULL);
        CREATE UNIQUE INDEX temp.of_sure ON sure (key, _row);
        CREATE TEMP TABLE matched (new_row INTEGER UNIQUE, old_row INTEGER UNIQUE);
        INSERT INTO matched SELECT n._row, sure._row FROM new.rows n JOIN sure ON sure.key = n.{key};
        """  # noqa: S608 - a known column, quoted
    )
    whole = list(_whole(base, key, cells))
    base.executemany("INSERT INTO matched VALUES (?, ?)", whole)
    base.execute("INSERT INTO matched SELECT _row, NULL FROM new.rows WHERE _row NOT IN (SELECT new_row FROM matched)")
    base.execute(
        "INSERT INTO matched SELECT NULL, _row FROM old.rows WHERE _row NOT IN "
        "(SELECT old_row FROM matched WHERE old_row IS NOT NULL)"
    )


def _whole(base: sqlite3.Connection, key: str, cells: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of rows without a key of their own that have all cells in common."""
    known: dict[bytes, list[int]] = {}
    for digest, row in _digests(base, "old", key, cells):
        known.setdefault(digest, []).append(row)
    for digest, row in _digests(base, "new", key, cells):
        if alike := known.get(digest):
            yield row, alike.pop()


def _digests(base: sqlite3.Connection, side: str, key: str, cells: Sequence[str]) -> Iterator[tuple[bytes, int]]:
    listed = ", ".join(quoted(name) for name in cells if name not in NOT_COMPARED)
    sql = f"SELECT _row, {listed} FROM {side}.rows WHERE {key} IS NULL OR {key} IN (SELECT key FROM several)"  # noqa: S608
    for row, *values in base.execute(sql):
        yield hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=16).digest(), row


def _keep(base: sqlite3.Connection, new: Table, old: Table, gone: bool) -> int:
    """Write the rows that are worth telling."""
    columns = [CHANGE, CHANGED, *new.columns.values()]
    base.execute(f"CREATE TABLE rows (_row INTEGER PRIMARY KEY, {declared(columns)})")
    describe(base, columns)
    ours = ", ".join(f"n.{quoted(name)}" for name in new.columns)
    names = _names_of_changed([name for name in compared(new, old) if name not in NOT_COMPARED])
    told = f"CASE WHEN old_row IS NULL THEN 'new' ELSE 'changed' END, NULLIF(SUBSTR({names}, 2), '')"
    count = base.execute(
        f"INSERT INTO rows SELECT NULL, {told} AS changed, {ours} FROM matched JOIN new.rows n ON n._row = new_row "  # noqa: S608 - quoted
        "LEFT JOIN old.rows o ON o._row = old_row WHERE old_row IS NULL OR changed IS NOT NULL ORDER BY new_row"
    ).rowcount
    if gone:
        theirs = ", ".join(f"o.{quoted(name)}" if name in old.columns else "NULL" for name in new.columns)
        count += base.execute(
            f"INSERT INTO rows SELECT NULL, 'gone', NULL, {theirs} FROM matched JOIN old.rows o ON o._row = old_row "  # noqa: S608 - quoted
            "WHERE new_row IS NULL ORDER BY old_row"
        ).rowcount
    return count


def _names_of_changed(columns: Sequence[str]) -> str:
    """SQL for ``;a;b``: the columns whose cells differ; none of them where there is no earlier row."""
    texts = [f"CASE WHEN n.{quoted(c)} IS NOT o.{quoted(c)} THEN {_text(';' + c)} ELSE '' END" for c in columns]
    groups = [texts[n : n + _TOGETHER] for n in range(0, len(texts), _TOGETHER)] or [["''"]]
    told = " || ".join(f"({' || '.join(group)})" for group in groups)
    return f"CASE WHEN old_row IS NULL THEN '' ELSE {told} END"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
