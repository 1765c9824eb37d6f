"""What rows stand for: observations whose files MAST lists, or files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from topmast_service.archive import products
from topmast_service.archive.portal import Portal
from topmast_service.domain import product
from topmast_service.domain.access import PLANNED_LEVEL
from topmast_service.domain.rows import Question
from topmast_service.store.listing import Listing
from topmast_service.store.tables import Table

Row = Mapping[str, Any]

STAGED_MISSIONS = frozenset({"JWST", "HST", "HLSP"})
"""MAST stages only these; other missions' observations are counted and left out."""

CHECK_EVERY = 2000
"""Named files between two looks at whether the job is still wanted."""

_OF_OBSERVATIONS = ("obsid", "obs_collection", "calib_level", "t_obs_release")


def observations(table: Table, question: Question) -> Iterator[Row]:
    """The chosen rows of a search of observations: of each what `Lister.fill` looks at."""
    return table.every(replace(question, columns=tuple(c for c in _OF_OBSERVATIONS if c in table.columns)))


def watched(check: Callable[[], None], rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, with a look now and then at whether they are still wanted."""
    for number, row in enumerate(rows):
        if number % CHECK_EVERY == 0:
            check()
        yield row


@dataclass(frozen=True)
class Lister:
    """Asks MAST which files observations have: `batch` of them at once, over so many connections.

    `every_mission`: also those that cannot be staged, where somebody wants to see what there is.
    """

    open_portal: Callable[[], Portal]
    batch: int
    connections: int
    every_mission: bool = False

    def fill(
        self,
        rows: Sequence[Row],
        into: Listing,
        notes: list[str],
        check: Callable[[], None],
        excluded: str | None = None,
    ) -> int:
        """List the products of the observations; returns how many there are.

        `notes` gets what was left out; `check` stops the work where it is no longer wanted; `excluded` is the reason
        of products that come only if others need them.
        """
        obsids = _obsids(rows, notes, self.every_mission)
        releases = {str(r["obsid"]): r.get("t_obs_release") for r in rows}
        listed = products.listing(self.open_portal, obsids, batch=self.batch, connections=self.connections)
        for batch in listed:
            check()
            dated = (r | {"t_obs_release": releases.get(str(r.get("parent_obsid")))} for r in batch)
            into.add(dated, _is_mrp, excluded)
        return len(obsids)


def unknown(wanted: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """A note of the obs_ids and obsids that none of the rows has; none if all are there."""
    known = {str(r.get("obsid")) for r in rows} | {str(r.get("obs_id")) for r in rows}
    missing = [w for w in wanted if w not in known]
    return [f"MAST does not know {len(missing)} of the observations: {', '.join(missing[:5])}."] if missing else []


def _obsids(rows: Sequence[Row], notes: list[str], every_mission: bool) -> list[str]:
    """The observations that have files; planned ones have none, other missions' cannot be staged."""
    planned = [r for r in rows if r.get("calib_level") == PLANNED_LEVEL]
    foreign = [r for r in rows if not every_mission and str(r.get("obs_collection")) not in STAGED_MISSIONS]
    if planned:
        notes.append(f"{len(planned)} planned observations have no data yet.")
    if foreign:
        missions = ", ".join(sorted({str(r.get("obs_collection")) for r in foreign}))
        notes.append(f"{len(foreign)} observations of {missions} cannot be staged.")
    left_out = {id(r) for r in (*planned, *foreign)}
    return list(dict.fromkeys(str(r["obsid"]) for r in rows if id(r) not in left_out))


def _is_mrp(row: Row) -> bool:
    return row.get("productGroupDescription") == product.MRP
