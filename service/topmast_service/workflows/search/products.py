"""The products of chosen rows of another search, or of observations, each once: what a bundle would begin with.

No user submits such a search; it is begun by ``GET /v1/searches/{id}/products``, or by observations that are put into
a basket, and is a search like any other then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from topmast_service.archive import observations
from topmast_service.archive.products import SERVICE
from topmast_service.domain import product
from topmast_service.domain.columns import Column
from topmast_service.domain.forms import Form
from topmast_service.domain.rows import Question, ask
from topmast_service.domain.search import Search
from topmast_service.store.listing import Listing
from topmast_service.store.tables import Table
from topmast_service.workflows import named_files, sources
from topmast_service.workflows.control import rows_table
from topmast_service.workflows.search.asking import Asking, Collection, Found
from topmast_service.workflows.sources import Lister, Row

COLUMNS = (
    *(column for column in product.COLUMNS.values() if column.name not in product.DECIDED),
    Column("guide_star", "boolean", description="Whether it is of a guide star"),
)
FORM = Form("products", "Products of a search's rows", "Begun by GET /v1/searches/{id}/products.", {}, key="dataURI")
"""Not among `forms.FORMS`: it cannot be submitted."""

NO_FILES = "None of the chosen rows has files."


def read(request: Mapping[str, Any]) -> Search | None:
    """The search that a products request means; None for other collections' requests."""
    if request.get("collection") != FORM.name:
        return None
    return Search(FORM, (), None, None, count_only=False, max_age=0, notes=())


def find(asking: Asking) -> Found:
    """The unique products, and in the result's facts how many were listed.

    Raises
    ------
    Expired
        The rows of the other search are gone.
    NotToBeBundled
        They name neither observations nor files.
    """
    if "observations" in asking.request:
        return Found(COLUMNS, _rows(asking, _of_ids), SERVICE)
    table = Table(rows_table(asking.tables, asking.request["search"]), asking.now)
    question = ask(table.askable, where=asking.request["where"])
    return Found(COLUMNS, _rows(asking, lambda listing, _: _of_rows(listing, asking, table, question)), SERVICE)


COLLECTION = Collection(find)


def _rows(asking: Asking, fill: Callable[[Listing, Asking], int]) -> Iterator[dict[str, Any]]:
    with Listing() as listing:
        observations = fill(listing, asking)
        listing.read_names()
        told = {"observations": observations, "listed": listing.listed, "unique": 0, "guide_stars": 0, "bytes": 0}
        for row in listing.rows():
            guide_star = product.of_row(row, mrp=bool(row["mrp"])).guide_star
            told["unique"] += 1
            told["guide_stars"] += guide_star
            told["bytes"] += row["size"] or 0
            yield row | {"guide_star": guide_star}
    if not told["unique"]:
        asking.notes.append(NO_FILES)
    asking.facts["products"] = told | {"duplicates": told["listed"] - told["unique"]}


def _of_rows(listing: Listing, asking: Asking, table: Table, question: Question) -> int:
    """List what the rows stand for; returns of how many observations."""
    files = named_files.files(table, question, asking.now)
    if files is not None:
        listing.add(sources.watched(asking.check, files), lambda row: bool(row.get("mrp", True)))
        return 0
    return _list(listing, asking, list(sources.observations(table, question)))


def _of_ids(listing: Listing, asking: Asking) -> int:
    """List what observations named one by one have; returns how many they are."""
    wanted = asking.request["observations"]
    rows = list(observations.by_ids(asking.portal, wanted))
    asking.notes += sources.unknown(wanted, rows)
    return _list(listing, asking, rows)


def _list(listing: Listing, asking: Asking, rows: Sequence[Row]) -> int:
    upstream, to_basket = asking.upstream, "basket" in asking.request
    lister = Lister(upstream.open_portal, upstream.batch, upstream.listings, every_mission=to_basket)
    return lister.fill(rows, listing, asking.notes, asking.check)
