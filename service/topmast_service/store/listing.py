"""Product listings on their way into a table: many rows in, each dataURI once, bounded memory.

Most of a listing is duplicates (30,000 rows for 6,000 files in program 1073), so the file itself tells which are new.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from topmast_service.domain.product import COLUMNS
from topmast_service.store.tables import AFFINITY, describe

_PLAIN = [name for name in COLUMNS if name not in {"mrp", "listed", "excluded"}]


class Listing:
    """Products as they come in; visible under `path` when closed without an error, or without a path gone then."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._aside = path.with_name(f".{path.name}.writing") if path else None
        self.listed = 0

    def __enter__(self) -> Listing:
        if self._aside:
            self._aside.parent.mkdir(parents=True, exist_ok=True)
            self._aside.unlink(missing_ok=True)
        self._base = sqlite3.connect(self._aside or "")  # without a name: a file that SQLite removes by itself
        self._base.execute("PRAGMA synchronous = OFF")  # a crash leaves only the file aside, which is thrown away
        declared = ", ".join(f'"{c.name}" {AFFINITY[c.type]}' for c in COLUMNS.values())
        self._base.execute(f"CREATE TABLE rows (_row INTEGER PRIMARY KEY, {declared}, UNIQUE (dataURI))")
        describe(self._base, COLUMNS.values())
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._base.commit()
        self._base.close()
        if self._aside is None or self._path is None:
            return
        if kind is None:
            self._aside.replace(self._path)
        else:
            self._aside.unlink(missing_ok=True)

    def add(self, rows: Iterable[Mapping[str, Any]], is_mrp: Callable[[Mapping[str, Any]], bool]) -> None:
        """Take in listed rows. MRP is MAST's flag per parent: recommended under one parent is recommended."""
        names = ", ".join(f'"{n}"' for n in _PLAIN)
        marks = ",".join("?" * (len(_PLAIN) + 1))
        before = self._base.total_changes
        self._base.executemany(
            f"INSERT INTO rows ({names}, mrp, listed) VALUES ({marks}, 1) "  # noqa: S608 - our own column names
            "ON CONFLICT (dataURI) DO UPDATE SET mrp = mrp OR excluded.mrp, listed = listed + 1",
            ([*(_text(n, row.get(n)) for n in _PLAIN), int(is_mrp(row))] for row in rows),
        )
        self.listed += self._base.total_changes - before

    def rows(self) -> Iterator[dict[str, Any]]:
        """What has come in so far, each product once, in the order of the first time."""
        names = ["_row", *COLUMNS]
        listed = ", ".join(f'"{n}"' for n in names)
        for cells in self._base.execute(f"SELECT {listed} FROM rows ORDER BY _row"):  # noqa: S608 - our own names
            yield dict(zip(names, cells, strict=True))

    def decide(self, why_not: Callable[[dict[str, Any]], str | None], count: Callable[[str | None, int], None]) -> None:
        """Write the reason of every product that is left out, and count them all (reason, bytes)."""
        reasons: list[tuple[str, int]] = []
        for row in self.rows():
            reason = why_not(row)
            count(reason, row["size"] or 0)
            if reason:
                reasons.append((reason, row["_row"]))
        self._base.executemany('UPDATE rows SET "excluded" = ? WHERE _row = ?', reasons)


def _text(name: str, value: Any) -> Any:
    """Ids come as JSON numbers that mean text."""
    return value if value is None or COLUMNS[name].type != "string" else str(value)
