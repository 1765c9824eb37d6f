"""Product listings on their way into a table: many rows in, each dataURI once, bounded memory.

Most of a listing is duplicates (30,000 rows for 6,000 files in program 1073), so the file itself tells which are new.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from topmast_service.domain import product_facts
from topmast_service.domain.layout import Places
from topmast_service.domain.product import COLUMNS, COUNTED
from topmast_service.domain.product_facts import NAMED
from topmast_service.domain.rows import Condition
from topmast_service.store import conditions
from topmast_service.store.tables import AFFINITY, describe

Row = dict[str, Any]

_PLAIN = [name for name in COLUMNS if name not in COUNTED | {"excluded", "path"}]
_NAMES = ["_row", *COLUMNS]
_ALL = ", ".join(f'"{n}"' for n in _NAMES)
_AT_ONCE = 1000


class Listing:
    """Products as they come in; visible under `path` when closed without an error, or without a path gone then.

    Parameters
    ----------
    parentage
        Whether it is kept which observation listed which file; a listing of 250,000 rows makes 20 MB of it.
    """

    def __init__(self, path: Path | None = None, *, parentage: bool = False) -> None:
        self._path = path
        self._aside = path.with_name(f".{path.name}.writing") if path else None
        self._parentage = parentage
        self.listed = 0

    def __enter__(self) -> Listing:
        if self._aside:
            self._aside.parent.mkdir(parents=True, exist_ok=True)
            self._aside.unlink(missing_ok=True)
        self._base = sqlite3.connect(self._aside or "")  # without a name: a file that SQLite removes by itself
        self._base.execute("PRAGMA synchronous = OFF")  # a crash leaves only the file aside, which is thrown away
        declared = ", ".join(f'"{c.name}" {AFFINITY[c.type]}' for c in COLUMNS.values())
        self._base.execute(f"CREATE TABLE rows (_row INTEGER PRIMARY KEY, {declared}, UNIQUE (dataURI))")
        self._base.execute("CREATE TEMP TABLE parentage (dataURI TEXT, parent_obsid TEXT)")
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

    def add(
        self,
        rows: Iterable[Mapping[str, Any]],
        is_mrp: Callable[[Mapping[str, Any]], bool],
        excluded: str | None = None,
    ) -> None:
        """Take in listed rows. MRP is MAST's flag per parent: recommended under one parent is recommended.

        Parameters
        ----------
        excluded
            The reason of files that nobody chose, and that come only if others need them.
        """
        if self._parentage:
            rows = list(rows)  # one answer of MAST: some observations at most
            pairs = ((row["dataURI"], row.get("parent_obsid")) for row in rows)
            self._base.executemany("INSERT INTO parentage VALUES (?, ?)", pairs)
        names = ", ".join(f'"{n}"' for n in _PLAIN)
        marks = ",".join("?" * (len(_PLAIN) + 2))
        before = self._base.total_changes
        self._base.executemany(
            f"INSERT INTO rows ({names}, excluded, mrp, listed) VALUES ({marks}, 1) "  # noqa: S608 - our own column names
            "ON CONFLICT (dataURI) DO UPDATE SET mrp = mrp OR excluded.mrp, listed = listed + 1",
            ([*(_text(n, row.get(n)) for n in _PLAIN), excluded, int(is_mrp(row))] for row in rows),
        )
        self.listed += self._base.total_changes - before

    def rows(self, fits: str = "1", *values: Any, limit: int = -1) -> Iterator[Row]:
        """What has come in so far and fits a condition in SQL, each product once, in the order of the first time."""
        sql = f"SELECT {_ALL} FROM rows WHERE {fits} ORDER BY _row LIMIT {limit}"  # noqa: S608 - our own conditions
        for cells in self._base.execute(sql, values):
            yield dict(zip(_NAMES, cells, strict=True))

    def ready(self) -> None:
        """Everything has come in: files can be found by name and by observation."""
        self._base.execute("CREATE INDEX by_name ON rows (productFilename)")
        self._base.execute("CREATE INDEX by_observation ON rows (obs_id)")
        self._base.execute("CREATE INDEX by_exposure ON rows (exposure)")
        self._base.execute("CREATE INDEX temp.by_parent ON parentage (parent_obsid)")

    def named(self, filename: str) -> Row | None:
        """The product with this file name."""
        return next(self.rows("productFilename = ?", filename, limit=1), None)

    def listed_under(self, obsid: str) -> Iterator[Row]:
        """The files that MAST lists when this observation is opened."""
        return self.rows("dataURI IN (SELECT dataURI FROM parentage WHERE parent_obsid = ?)", obsid)

    def read_names(self) -> None:
        """What file names tell, for the products that came in since the last time."""
        self.fill_in(
            NAMED, lambda row: list(product_facts.cells(row["productFilename"] or "").values()), "extension IS NULL"
        )

    def fill_in(self, names: Sequence[str], cells: Callable[[Row], Sequence[Any]], fits: str = "1") -> None:
        """Write some more cells of every product that fits: what its name tells, when it was taken."""
        told = ", ".join(f'"{name}" = ?' for name in names)
        last = 0
        while some := list(self.rows(f"_row > {last} AND ({fits})", limit=_AT_ONCE)):
            values = [(*cells(row), row["_row"]) for row in some]
            self._base.executemany(f"UPDATE rows SET {told} WHERE _row = ?", values)  # noqa: S608 - our own names
            last = some[-1]["_row"]

    def decide(self, why_not: Callable[[Row], str | None], where: tuple[Condition, ...] = ()) -> None:
        """Write the reason of every product that is left out; what does not fit `where` is left out for ``where``."""
        self.fill_in(["excluded"], lambda row: (why_not(row),), "excluded IS NULL")
        if where:
            fits, values = conditions.where(where, COLUMNS)
            self._base.execute(f"UPDATE rows SET excluded = 'where' WHERE excluded IS NULL AND NOT ({fits})", values)  # noqa: S608

    def need(self, row: int, reason: str) -> None:
        """A product comes along though nobody chose it; the first reason is kept."""
        self._base.execute(
            "UPDATE rows SET needed_for = ?, excluded = NULL WHERE _row = ? AND excluded IS NOT NULL", (reason, row)
        )

    def leave_out_all(self, reason: str) -> None:
        """What was chosen only said what is wanted: nothing of it comes unless it is needed."""
        self._base.execute("UPDATE rows SET excluded = ? WHERE excluded IS NULL", (reason,))

    def sums(self) -> tuple[list[tuple[str | None, int]], int]:
        """How many products were left out for each reason (None: were not), and the bytes of those that were not."""
        found = self._base.execute("SELECT excluded, COUNT(*) FROM rows GROUP BY excluded").fetchall()
        size = self._base.execute("SELECT COALESCE(SUM(size), 0) FROM rows WHERE excluded IS NULL").fetchone()[0]
        return found, int(size)

    def place(self, layout: str) -> Places:
        """Write where each product lies that was not left out; returns what is to be told of clashes."""
        places = Places(layout)
        self.fill_in(["path"], lambda row: (places.of(row),), "excluded IS NULL")
        self._base.execute("CREATE INDEX by_path ON rows (path)")  # files are asked for by path before it is published
        return places


def _text(name: str, value: Any) -> Any:
    """Ids come as JSON numbers that mean text."""
    return value if value is None or COLUMNS[name].type != "string" else str(value)
