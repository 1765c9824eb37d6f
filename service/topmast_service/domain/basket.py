"""What lies in a basket: products, each ticked or not, and why some cannot be.

At first is ticked what the Portal's basket ticks: Minimum Recommended Products, and never a guide star (the Primer's
M 57 basket lists 7,496 files, two of them recommended). Files that somebody named one by one are all meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from topmast_service.domain import product, product_facts
from topmast_service.domain.columns import Column

KEEP = timedelta(days=365)
"""How long a basket is kept after it was last changed."""

MOST_NAME = 100
"""Characters of a basket's name."""

OURS = (
    Column("guide_star", "boolean", description="Whether it is of a guide star"),
    Column("ticked", "boolean", description="Whether it is submitted with the basket"),
    Column("why_not", description="Why it cannot be staged, nor ticked; empty if it can"),
)
COLUMNS: dict[str, Column] = {
    **{name: c for name, c in product.COLUMNS.items() if name not in product.DECIDED},
    **{c.name: c for c in OURS},
}
"""Columns of a basket's table: those of products, without what belongs to a bundle, and ours."""

FACETS = (
    "ticked", "obs_collection", "productType", "productSubGroupDescription", "calib_level", "mrp", "guide_star",
    "extension", "size", "access", "dataRights", "dataproduct_type", "type", "filters", "proposal_id", "why_not",
)  # fmt: skip
"""What is counted of a basket unless somebody asks for other columns."""


@dataclass(frozen=True)
class Basket:
    """A person's list of files; what is in it lies in a table of its own."""

    id: str
    owner: str
    name: str
    version: int
    created: datetime
    changed: datetime

    @property
    def destruction(self) -> datetime:
        """When it is removed, unless it is changed before."""
        return self.changed + KEEP


@dataclass(frozen=True)
class Totals:
    """How many files are in a basket, and their bytes; of these, those that are ticked, and that cannot be staged.

    `listed` is how many rows of MAST's lists they were, duplicates included; `missions` has the same of each mission.
    `version` grows with every change of what is in the basket.
    """

    count: int = 0
    bytes: int = 0
    ticked: int = 0
    ticked_bytes: int = 0
    barred: int = 0
    listed: int = 0
    version: int = 0
    missions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Changed:
    """What came of one change: files added, ticked, unticked or removed; and those left as they cannot be staged."""

    count: int
    barred: int = 0
    repeated: bool = False


def item(row: Mapping[str, Any], *, named: bool) -> dict[str, Any]:
    """The item of a product row with MAST's columns; `named` if somebody named this very file."""
    uri = str(row["dataURI"])
    mission = str(row.get("obs_collection") or uri.removeprefix("mast:").partition("/")[0])
    recommended = None if row.get("mrp") is None else bool(row["mrp"])
    found = product.of_row(row, mrp=bool(recommended))
    reason = why_not(uri, mission)
    return {
        **{name: row.get(name) for name in COLUMNS},
        **product_facts.cells(found.filename),
        "productFilename": found.filename,
        "obs_id": row.get("obs_id") or product.stem(uri),
        "obs_collection": mission,
        "mrp": recommended,
        "listed": row.get("listed") or 1,
        "guide_star": found.guide_star,
        "ticked": reason is None and (named or (found.mrp and not found.guide_star)),
        "why_not": reason,
    }


def why_not(uri: str, mission: str) -> str | None:
    """Why a file cannot be staged; None if it can."""
    if uri.startswith(product.PREFIXES):
        return None
    return f"{mission} cannot be staged" if uri.startswith("mast:") else "not a dataURI of MAST"
