"""What rows stand for: observations whose files MAST lists, or files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from topmast_service.archive import products
from topmast_service.archive.portal import Portal
from topmast_service.domain import product
from topmast_service.domain.access import PLANNED_LEVEL
from topmast_service.domain.rows import Question
from topmast_service.errors import NotToBeBundled
from topmast_service.store.listing import Listing
from topmast_service.store.tables import Table
from topmast_service.workflows import named_files

Row = Mapping[str, Any]

STAGED_MISSIONS = frozenset({"JWST", "HST", "HLSP"})
"""MAST stages only these; other missions' observations are counted and left out."""

CHECK_EVERY = 2000
"""Named files between two looks at whether the job is still wanted."""

_OF_OBSERVATIONS = ("obsid", "obs_collection", "calib_level", "t_obs_release")


def files(table: Table, question: Question, now: datetime) -> Iterator[Row] | None:
    """The files that the chosen rows of a search are; None if they are observations.

    Rights of files that a keyword search found are those of the moment `now`.

    Raises
    ------
    NotToBeBundled
        The rows name neither.
    """
    if "obsid" in table.columns:
        return None
    if "dataURI" not in table.columns:
        raise NotToBeBundled("The rows of this search name no files.")
    if "productFilename" in table.columns:  # the products of a search
        return table.every(question)
    return (named_files.of_keywords(row, now) for row in table.every(question))


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
    """Asks MAST which files observations have: `batch` of them at once, over so many connections."""

    open_portal: Callable[[], Portal]
    batch: int
    connections: int

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
        obsids = _obsids(rows, notes)
        releases = {str(r["obsid"]): r.get("t_obs_release") for r in rows}
        listed = products.listing(self.open_portal, obsids, batch=self.batch, connections=self.connections)
        for batch in listed:
            check()
            dated = (r | {"t_obs_release": releases.get(str(r.get("parent_obsid")))} for r in batch)
            into.add(dated, _is_mrp, excluded)
        return len(obsids)


def _obsids(rows: Sequence[Row], notes: list[str]) -> list[str]:
    """The observations that have files; planned ones have none, other missions' cannot be staged."""
    planned = [r for r in rows if r.get("calib_level") == PLANNED_LEVEL]
    foreign = [r for r in rows if str(r.get("obs_collection")) not in STAGED_MISSIONS]
    if planned:
        notes.append(f"{len(planned)} planned observations have no data yet.")
    if foreign:
        missions = ", ".join(sorted({str(r.get("obs_collection")) for r in foreign}))
        notes.append(f"{len(foreign)} observations of {missions} cannot be staged.")
    left_out = {id(r) for r in (*planned, *foreign)}
    return list(dict.fromkeys(str(r["obsid"]) for r in rows if id(r) not in left_out))


def _is_mrp(row: Row) -> bool:
    return row.get("productGroupDescription") == product.MRP
