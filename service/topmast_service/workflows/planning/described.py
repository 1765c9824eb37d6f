"""More cells of the products in a listing: what their names tell, and what the instrument-keyword services know."""

from __future__ import annotations

from topmast_service.domain import lineage
from topmast_service.store.listing import Listing

_FROM_NAMES = ("extension", "suffix", "observation", "visit", "detector", "segment", "exposure")
_NOT_YET = "extension IS NULL"


def by_name(listing: Listing) -> None:
    """What file names tell, for the products that came in since the last time."""
    listing.fill_in(_FROM_NAMES, lambda row: lineage.cells(row["productFilename"] or ""), _NOT_YET)


def by_keywords(listing: Listing, open_portal: object) -> None:
    raise NotImplementedError
