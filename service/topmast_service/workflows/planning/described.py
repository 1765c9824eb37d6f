"""More cells of the products in a listing: what their names tell, and what the instrument-keyword services know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from topmast_service.archive.portal import Portal
from topmast_service.domain import product_facts
from topmast_service.store.exposures import Exposures
from topmast_service.store.listing import Listing
from topmast_service.workflows import exposures

_FROM_NAMES = ("extension", "suffix", "observation", "visit", "detector", "segment", "exposure")
_NOT_YET = "extension IS NULL"


def by_name(listing: Listing) -> None:
    """What file names tell, for the products that came in since the last time."""
    listing.fill_in(_FROM_NAMES, lambda row: _cells(row["productFilename"] or ""), _NOT_YET)


def by_keywords(listing: Listing, open_portal: Callable[[], Portal], check: Callable[[], None]) -> None:
    """When and as what the exposures were taken; asks MAST, which takes seconds."""
    programs, instruments = set[str](), set[str]()
    for row in listing.rows("exposure IS NOT NULL OR observation IS NOT NULL"):
        facts = product_facts.of_name(row["productFilename"])
        programs |= {facts.program} if facts.program else set()
        instruments |= {facts.instrument} if facts.instrument else set()
    with exposures.known(open_portal, programs, instruments, check) as taken:
        listing.fill_in(("exp_type", "t_min"), lambda row: _taken(taken, row["productFilename"] or ""))


def _cells(name: str) -> tuple[Any, ...]:
    facts = product_facts.of_name(name)
    visit = None if facts.visit is None else f"{int(facts.program or 0):05}{facts.observation}{facts.visit:03}"
    return (
        facts.extension or "", facts.suffix or "", facts.observation, visit, facts.detector, facts.segment,
        facts.exposure,
    )  # fmt: skip


def _taken(taken: Exposures, name: str) -> tuple[str | None, float | None]:
    found = taken.of(name)
    return (found.exp_type, found.begin) if found else (None, None)
