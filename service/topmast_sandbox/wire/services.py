"""The portal's services by name: from parameters to a table.

Source of names and parameters: MAST API documentation, "Services".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from topmast_sandbox.catalogue import Catalogue
from topmast_sandbox.wire.answers import Listing, Row, Table
from topmast_sandbox.wire.columns import DISTANCE, OBJECT_ID_1, OBSERVATIONS, PRODUCTS, Column
from topmast_sandbox.wire.errors import QueryError
from topmast_sandbox.wire.filters import compile_filters
from topmast_sandbox.wire.keywords import keyword_columns
from topmast_sandbox.wire.positions import parse_position, separation

Params = Mapping[str, Any]
COUNT = "COUNT_BIG(*)"
KEYWORD_PREFIX = "Mast.Jwst.Filtered."
INSTRUMENTS = ("Nircam", "Niriss", "Nirspec", "Miri", "Fgs", "GuideStar", "Wss")
_SELECTED = Column("_selected_", "boolean")


class Services:
    """Answers every portal service from one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._tables: dict[str, Callable[[Params], Table]] = {
            "mast.caom.cone": self._cone,
            "mast.caom.filtered": self._filtered,
            "mast.caom.filtered.position": self._filtered_position,
            "mast.caom.products": self._products,
            "mast.missions.list": self._missions,
            "mast.jwstedb.mnemonics": self._mnemonics,
            "mast.jwstedb.dictionary": self._mnemonics,
        }

    def table(self, service: str, params: Params) -> Table:
        """Return what `service` answers to `params`.

        Raises
        ------
        QueryError
            No such service, or parameters it does not take.
        """
        instrument = _instrument(service)
        if instrument:
            return self._keywords(instrument, params)
        answer = self._tables.get(service.lower())
        if answer is None:
            raise QueryError(f"Invalid service: {service}")
        return answer(params)

    def columns(self, name: str) -> Sequence[Column]:
        """Return the columns that columnsconfig tells for `name`; none for a name it does not know."""
        instrument = _instrument(name)
        if instrument:
            return keyword_columns(self._catalogue, instrument)
        if name.lower().startswith("mast.caom.products"):
            return PRODUCTS
        known = name.lower().startswith("mast.caom.")
        return (*OBSERVATIONS, DISTANCE) if known else ()

    def missions(self) -> dict[str, int]:
        """Return how many observations each collection has."""
        counts: dict[str, int] = {}
        for row in self._catalogue.observations():
            counts[row["obs_collection"]] = counts.get(row["obs_collection"], 0) + 1
        return counts

    def _filtered(self, params: Params) -> Table:
        return _selected(OBSERVATIONS, self._catalogue.observations(), params)

    def _filtered_position(self, params: Params) -> Table:
        near = _near(self._catalogue.observations(), *parse_position(params.get("position")))
        return _selected((*OBSERVATIONS, OBJECT_ID_1, DISTANCE), near, params)

    def _cone(self, params: Params) -> Table:
        text = f"{params.get('ra')},{params.get('dec')},{params.get('radius', 0.2)}"
        near = _near(self._catalogue.observations(), *parse_position(text))
        rows = ({**row, "_selected_": False} for row in near)
        return Table((*OBSERVATIONS, DISTANCE, _SELECTED), rows)

    def _products(self, params: Params) -> Table:
        text = str(params.get("obsid", ""))
        try:
            ids = [int(part) for part in text.split(",") if part.strip()]
        except ValueError:
            raise QueryError("Error converting data type varchar to bigint.") from None
        listings = [(self._catalogue.count(one), partial(self._catalogue.products, one)) for one in ids]
        return Table(PRODUCTS, Listing(listings))

    def _keywords(self, instrument: str, params: Params) -> Table:
        """Return an instrument's keyword rows; ``checksum`` only where it is asked for by name.

        A checksum is worked out from the file's bytes, gigabytes for the rows of one program. (The real
        service has them stored, and sends them with ``*`` as well.)
        """
        rows = self._catalogue.keywords(instrument, checksums="checksum" in str(params).lower())
        return _selected(keyword_columns(self._catalogue, instrument), rows, params)

    def _missions(self, params: Params) -> Table:
        rows = [{"distinctValue": name} for name in sorted(self.missions())]
        return Table((Column("distinctValue"),), rows)  # the column's name is the sandbox's guess

    def _mnemonics(self, params: Params) -> Table:
        wanted = str(params.get("mnemonic", "")).casefold()
        rows = [row for row in self._catalogue.mnemonics() if _named(row, wanted)]
        return Table(_MNEMONIC, rows)


_MNEMONIC = (
    Column("subsystem"),
    Column("tlmMnemonic"),
    Column("tlmIdentifier", "int"),
    Column("description"),
    Column("sqlDataType"),
    Column("unit"),
)


def _named(row: Row, wanted: str) -> bool:
    return not wanted or str(row["tlmMnemonic"]).casefold() == wanted


def _instrument(service: str) -> str | None:
    if not service.lower().startswith(KEYWORD_PREFIX.lower()):
        return None
    asked = service[len(KEYWORD_PREFIX) :].lower()
    return next((name for name in INSTRUMENTS if name.lower() == asked), None)


def _near(rows: Sequence[Row], ra: float, dec: float, radius: float) -> Iterator[Row]:
    """Yield the observations whose centre is within `radius` degrees, with ``distance`` in arcsec.

    The real MAST also finds footprints that reach into the circle (distance 0); the sandbox keeps
    to centres. Moving targets without coordinates are near nothing.
    """
    for row in rows:
        if row["s_ra"] is None or row["s_dec"] is None or abs(row["s_dec"] - dec) > radius:
            continue
        distance = separation(ra, dec, row["s_ra"], row["s_dec"])
        if distance <= radius:
            yield {**row, "objID1": row["objID"], "distance": distance * 3600}


def _selected(columns: Sequence[Column], rows: Iterator[Row] | Sequence[Row], params: Params) -> Table:
    """Apply the parameters ``filters`` and ``columns``."""
    passes = compile_filters(params.get("filters", []), columns)
    kept = (row for row in rows if passes(row))
    wanted = str(params.get("columns") or "*").strip()
    if wanted.upper() == COUNT:
        return Table((Column("Column1"),), [{"Column1": sum(1 for _ in kept)}])
    if wanted in {"*", "c.*"}:
        return Table(columns, kept)
    return Table([_column(name, columns) for name in wanted.split(",")], kept)


def _column(name: str, columns: Sequence[Column]) -> Column:
    asked = name.strip().removeprefix("c.").lower()
    for column in columns:
        if column.name.lower() == asked:
            return column
    raise QueryError(f"Invalid column name '{name.strip()}'.")
