"""The catalogue's rows as tables state them: ``observations.csv`` and ``products.csv`` with MAST's column names."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from topmast_sandbox.catalogue.caom import COLUMNS, Row
from topmast_sandbox.catalogue.facts import suffixes, words
from topmast_sandbox.catalogue.items import Item
from topmast_sandbox.catalogue.record import Listed, Record

PRODUCT_COLUMNS = words("product")
_FLOATS = {"s_ra", "s_dec", "t_min", "t_max", "t_exptime", "em_min", "em_max", "t_obs_release", "srcDen"}
_INTS = {"calib_level", "obsid", "objID", "sequence_number", "obsID", "parent_obsid", "size"}
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
MOST_CELL = 10_000_000
"""Characters of a cell: an s_region may exceed the 128 kB of the csv module."""
_UNLISTED_SIZE = 14 * 2880  # bytes of a file whose size the table leaves blank: the smallest FITS file of the sandbox


class TableError(ValueError):
    """A catalogue table that cannot be served; says file, line and column."""


class Tables:
    """Rows stated one by one.

    Parameters
    ----------
    planes
        CAOM rows with all 33 columns; ids may be null.
    products
        Product rows with all 20 columns; an observation's are those with its obsid as `parent_obsid`.
    """

    def __init__(self, planes: Iterable[Row], products: Iterable[Row]) -> None:
        self._planes = list(planes)
        self._by_obsid = {p["obsid"]: p for p in self._planes if p["obsid"] is not None}
        self._listings: dict[int, list[Listed]] = {}
        self._records: dict[str, Record] = {}
        for row in products:
            self._add(row)

    @classmethod
    def read(cls, directory: Path) -> Tables:
        """Tables of a directory; ``products.csv`` may be absent.

        Raises
        ------
        TableError
            ``observations.csv`` is missing, or a cell has the wrong type.
        """
        planes = list(_rows(directory / "observations.csv", COLUMNS))
        products = directory / "products.csv"
        return cls(planes, _rows(products, PRODUCT_COLUMNS) if products.exists() else ())

    def planes(self) -> list[Row]:
        """The rows as stated."""
        return self._planes

    def rights(self, plane: Mapping[str, Any], now: float) -> str | None:
        """dataRights as stated: real rows lag behind their release dates too."""
        return plane["dataRights"] if isinstance(plane["dataRights"], str) else None

    def listing(self, obsid: int) -> Iterator[Listed]:
        """Products stated with this `parent_obsid`, in the table's order."""
        yield from self._listings.get(obsid, ())

    def count(self, obsid: int) -> int:
        """Length of that listing."""
        return len(self._listings.get(obsid, ()))

    def record(self, uri: str) -> Record | None:
        """A file by its dataURI."""
        return self._records.get(uri.lower())

    def records(self, program: int | None = None) -> Iterator[Record]:
        """Every file once."""
        wanted = None if program is None else str(program)
        yield from (r for r in self._records.values() if wanted in {None, str(r.plane["proposal_id"])})

    def _add(self, row: Row) -> None:
        uri = row["dataURI"]
        if not uri or row["parent_obsid"] is None:
            return  # a product that cannot be asked for, or hangs on nothing
        parent = self._by_obsid.get(row["parent_obsid"])
        plane = self._by_obsid.get(row["obsID"], parent)
        if plane is None or parent is None:
            return
        record = self._records.setdefault(uri.lower(), _record(row, plane))
        stated = record if record.stated == row else _record(row, plane)
        self._listings.setdefault(row["parent_obsid"], []).append(Listed(stated, plane))


def _record(row: Row, plane: Row) -> Record:
    filename = row["dataURI"].rpartition("/")[2]
    sub_group = row["productSubGroupDescription"]
    suffix = (sub_group or "").lower()
    item = Item(
        filename=filename,
        suffix=suffix if suffix in suffixes() else "rate",
        product_type=row["productType"] or "SCIENCE",
        sub_group=sub_group,
        description=row["description"] or "",
        level=row["calib_level"] if row["calib_level"] is not None else 2,
        recommended=bool(row["productGroupDescription"]),
    )
    size = _UNLISTED_SIZE if row["size"] is None else row["size"]
    return Record(row["dataURI"], item, plane, size=size, stated=row)


def _rows(path: Path, columns: list[str]) -> Iterator[Row]:
    """Typed rows of a CSV: blank cells become None, columns that MAST does not have are ignored."""
    if not path.exists():
        raise TableError(f"{path.name} is missing in {path.parent}: --catalog needs at least observations.csv")
    csv.field_size_limit(MOST_CELL)
    with path.open(newline="", encoding="utf-8-sig") as lines:
        for number, cells in enumerate(csv.DictReader(lines), start=2):
            yield {c: typed(path.name, number, c, cells.get(c), _kind(c)) for c in columns}


def typed(table: str, line: int, column: str, text: str | None, kind: str) -> Any:
    """A cell of a table: None if it is blank, else of this `kind` (float, int, boolean, string).

    Raises
    ------
    TableError
        It reads as something else.
    """
    if text is None or not text.strip():
        return None
    convert = _KINDS.get(kind, str)
    try:
        return convert(text)
    except (ValueError, KeyError, OverflowError) as error:
        raise TableError(
            f"{table}, line {line}, column {column}: {text!r} is not a {convert.__name__.strip('_')}"
        ) from error


def _kind(column: str) -> str:
    if column in _FLOATS:
        return "float"
    return "int" if column in _INTS else "boolean" if column == "mtFlag" else "string"


def _whole(text: str) -> int:
    """An integer, also when a program wrote it as 3.0."""
    return int(text) if text.lstrip("+-").isdigit() else int(float(text))


def _truth(text: str) -> bool:
    return _TRUTHS[text.strip().lower()]


_KINDS: Mapping[str, Callable[[str], Any]] = {"float": float, "int": _whole, "boolean": _truth}
