"""The tree of a basket: missions, their observations, and the files of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topmast_service.domain.rows import Condition
from topmast_service.store.basket_table import COUNTED, SUMS, BasketTable
from topmast_service.store.conditions import quoted, where

LEVELS = ("obs_collection", "obs_id", "productFilename")
"""What a node is named by, from the top."""

KINDS = ("mission", "observation", "file")
_OF_FILES = ("_row", "dataURI", "why_not")


@dataclass(frozen=True)
class Node:
    """What lies under one name: files and bytes, of these the ticked ones, and those that cannot be staged.

    `where` chooses exactly these; `file` is what a file has besides: its row, dataURI, and why it cannot be staged.
    """

    name: str
    path: str
    kind: str
    sums: Mapping[str, int]
    where: list[str]
    file: Mapping[str, Any]

    def told(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {"name": self.name, "path": self.path, "kind": self.kind, **self.sums, "where": self.where, **self.file}


@dataclass(frozen=True)
class Branch:
    """One page of the nodes under a parent, how many there are, and where the next page begins (None: that was all)."""

    nodes: list[Node]
    total: int
    next: str | None


def branch(table: BasketTable, parent: str, conditions: Sequence[Condition], *, after: str, limit: int) -> Branch:
    """What lies under `parent` (``""``, ``JWST``, ``JWST/<obs_id>``) and fits, by name, from behind `after`.

    Files of one name have their row as well, since the names of different missions' files may be the same.
    """
    above = parent.split("/", 1) if parent else []
    fits, values = where(conditions, table.askable)
    inside = " AND ".join([fits, *(f"{quoted(LEVELS[n])} = ?" for n in range(len(above)))])
    key = quoted(LEVELS[len(above)]) + (" || '/' || _row" if len(above) == 2 else "")
    more = "".join(f", MIN({cell})" for cell in _OF_FILES) if len(above) == 2 else ""
    name = f"MIN({quoted(LEVELS[len(above)])})"
    sql = (
        f"SELECT {key} AS key, {name}, {SUMS}{more} FROM {table.source} "  # noqa: S608 - known columns, quoted
        f"WHERE {inside} AND {key} > ? GROUP BY 1 ORDER BY 1 LIMIT ?"
    )
    count = f"SELECT COUNT(DISTINCT {key}) FROM {table.source} WHERE {inside}"  # noqa: S608 - likewise
    with table.opened() as base:
        total = base.execute(count, [*values, *above]).fetchone()[0]
        found = base.execute(sql, [*values, *above, after, limit + 1]).fetchall()
    nodes = [_node(above, cells) for cells in found[:limit]]
    return Branch(nodes, total, found[limit - 1][0] if len(found) > limit else None)


def _node(above: list[str], cells: tuple[Any, ...]) -> Node:
    _, name, *told = cells
    kind, path = KINDS[len(above)], "/".join([*above, name])
    file = dict(zip(_OF_FILES, told[len(COUNTED) :], strict=False))
    chosen = [f"{column}:eq:{value}" for column, value in zip(LEVELS, [*above, name], strict=False)]
    chosen = [f"_row:eq:{file['_row']}"] if file else chosen
    return Node(name, path, kind, dict(zip(COUNTED, told, strict=False)), chosen, file)
