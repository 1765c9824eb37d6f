"""What the mission search finds: file sets and their products, for each mission the same way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topmast_sandbox.catalogue import Catalogue
from topmast_sandbox.wire.mission_columns import HST, HST_FROM_CAOM, JWST, MissionColumn

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Holdings:
    """One mission: its columns, which of them are name and position, its rows and products.

    `rows` may be told a program, and may give others' rows all the same.
    """

    columns: Sequence[MissionColumn]
    name: str
    ra: str
    dec: str
    rows: Callable[[int | None], Sequence[Row]]
    products: Callable[[str], Sequence[Row]]


def holdings(catalogue: Catalogue) -> dict[str, Holdings]:
    """Return what the sandbox has of each mission, by its lower-case name."""
    jwst = Holdings(JWST, "fileSetName", "targ_ra", "targ_dec", catalogue.filesets, catalogue.fileset_products)
    hst = _Hubble(catalogue)
    return {
        "jwst": jwst,
        "hst": Holdings(HST, "sci_data_set_name", "sci_ra", "sci_dec", hst.rows, hst.products),
    }


class _Hubble:
    """HST's rows, read off the observations; the real service has a table of its own."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def rows(self, _program: int | None) -> Sequence[Row]:
        return [{name: row[caom] for name, caom in HST_FROM_CAOM.items()} for row in self._observed()]

    def products(self, dataset: str) -> Sequence[Row]:
        for row in self._observed():
            if row["obs_id"].lower() == dataset.lower():
                return [_product(dataset, one) for one in self._catalogue.products(row["obsid"])]
        return []

    def _observed(self) -> Iterator[Row]:
        return (row for row in self._catalogue.observations() if row["obs_collection"] == "HST")


def _product(dataset: str, row: Row) -> Row:
    filename = row["productFilename"]
    return {
        "product_key": f"{dataset}_{filename}",
        "access": row["dataRights"],
        "dataset": dataset,
        "filename": filename,
        "uri": f"{dataset}/{filename}",
        "file_suffix": row["productSubGroupDescription"],
        "category": row["productType"],
        "size": row["size"],
        "type": str(row["productType"]).lower(),
    }
