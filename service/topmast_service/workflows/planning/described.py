"""More cells of the products in a listing: what the instrument-keyword services know of their exposures."""

from __future__ import annotations

from collections.abc import Callable

from topmast_service.archive.portal import Portal
from topmast_service.domain import product_facts
from topmast_service.store.exposures import Exposures
from topmast_service.store.listing import Listing
from topmast_service.workflows import exposures


def by_keywords(listing: Listing, open_portal: Callable[[], Portal], check: Callable[[], None]) -> None:
    """When and as what the exposures were taken; asks MAST, which takes seconds."""
    programs, instruments = set[str](), set[str]()
    for row in listing.rows("exposure IS NOT NULL OR observation IS NOT NULL"):
        facts = product_facts.of_name(row["productFilename"])
        programs |= {facts.program} if facts.program else set()
        instruments |= {facts.instrument} if facts.instrument else set()
    with exposures.known(open_portal, programs, instruments, check) as taken:
        listing.fill_in(("exp_type", "t_min"), lambda row: _taken(taken, row["productFilename"] or ""))


def _taken(taken: Exposures, name: str) -> tuple[str | None, float | None]:
    found = taken.of(name)
    return (found.exp_type, found.begin) if found else (None, None)
