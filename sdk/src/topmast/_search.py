"""A finished search and its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ._html import folded
from ._job import Job
from ._paging import items
from ._reading import entries, members, number, text, whole
from ._table import table
from ._where import Names, Where, row_params

if TYPE_CHECKING:
    from astropy.table import Table


@dataclass(frozen=True)
class Column:
    """A column of the result, with MAST's name, type, unit and description."""

    name: str
    type: str = ""
    unit: str = ""
    description: str = ""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Column:
        """From an entry of `columns`."""
        return cls(**{name: text(document.get(name)) for name in ("name", "type", "unit", "description")})


@dataclass(frozen=True)
class Resolved:
    """Where the target is: `ra`, `dec` (ICRS) and `radius` in degrees, and who said so."""

    target: str = ""
    ra: float | None = None
    dec: float | None = None
    radius: float | None = None
    resolver: str = ""

    @classmethod
    def from_json(cls, document: Any) -> Resolved | None:
        """From the `resolved` member; None when the search had no target."""
        if not isinstance(document, Mapping):
            return None
        known: dict[str, Any] = {name: number(document.get(name)) for name in ("ra", "dec", "radius")}
        known |= {name: text(document.get(name)) for name in ("target", "resolver")}
        return cls(**known)


@dataclass(frozen=True, repr=False)
class Search(Job):
    """A search as it was at one moment; what is known only when it is done is None or empty before.

    Attributes
    ----------
    count : int or None
        Rows found.
    columns : tuple of Column
    notes : tuple of str
        What was understood more widely than written, and what is odd about the answer.
    resolved : Resolved or None
    truncated : bool
        Whether MAST cut the answer off.
    api, as_of : str
        Which of MAST's interfaces was asked, and when.
    """

    part: ClassVar[str] = "search"
    route: ClassVar[str] = "searches"

    count: int | None = None
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    resolved: Resolved | None = None
    truncated: bool = False
    api: str = ""
    as_of: str = ""

    @classmethod
    def _members(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        part = members(document.get("search"))
        columns = [entry for entry in entries(part.get("columns")) if isinstance(entry, Mapping)]
        return super()._members(document) | {
            "count": whole(part.get("count")),
            "columns": tuple(Column.from_json(entry) for entry in columns),
            "notes": tuple(text(note) for note in entries(part.get("notes"))),
            "resolved": Resolved.from_json(part.get("resolved")),
            "truncated": part.get("truncated") is True,
            "api": text(part.get("api")),
            "as_of": text(part.get("as_of")),
        }

    def rows(
        self, *, where: Where = None, sort: Names = None, columns: Names = None, page_size: int = 1000
    ) -> Iterator[dict[str, Any]]:
        """All rows, fetched page by page while you read.

        Parameters
        ----------
        where
            Like the criteria of a search: ``{"filters": ["F560W", "F770W"], "t_exptime": (100, None)}``; or the
            service's own ``"t_exptime:ge:100"``, one or several.
        sort
            Up to three columns, ``"-t_min"`` for the latest first.
        columns
            Only these.
        page_size
            Rows per request, at most 1000.

        Yields
        ------
        dict
            MAST's columns and values, with `_row` (stable) and `access`.
        """
        path = f"{self._own_path()}/rows"
        return items(self._talk(), path, row_params(where, sort, columns), limit=page_size)

    def to_table(self, *, where: Where = None, sort: Names = None, columns: Names = None) -> Table:
        """The rows as an `astropy.table.Table` with units and descriptions; needs ``topmast[table]``.

        Raises
        ------
        ConfigError
            astropy is not installed.
        """
        return table(self, self.rows(where=where, sort=sort, columns=columns), columns)

    def _facts(self) -> list[tuple[str, object]]:
        found = f"{self.count} rows" + (" (truncated)" if self.truncated else "") if self.count is not None else ""
        where = self.resolved
        place = f"{where.target}: {where.ra}, {where.dec} within {where.radius}°" if where else ""
        return [*super()._facts(), ("found", found), ("where", place), ("notes", " · ".join(self.notes))]

    def _brief(self) -> str:
        return super()._brief() + (f" {self.count} rows" if self.count is not None else "")

    def _repr_html_(self) -> str:
        described = [(c.name, c.type, c.unit, c.description) for c in self.columns]
        more = folded(f"{len(described)} columns", ("name", "type", "unit", "description"), described)
        return super()._repr_html_() + (more if described else "")
