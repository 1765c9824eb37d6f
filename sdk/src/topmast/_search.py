"""A finished search and its rows."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ._api_errors import NotReady
from ._html import folded
from ._job import Job, seconds
from ._messages import Request
from ._paging import items
from ._progress import ProgressOption
from ._reading import entries, members, number, text, whole
from ._saving import format_of, save
from ._table import table
from ._wait import wait_for
from ._where import Names, Where, row_params

if TYPE_CHECKING:
    from astropy.table import Table

SKY_TIMEOUT = 120.0  # seconds for a picture; a worker that is busy with a search comes to it later


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
        Whether MAST cut the answer off; `truncated_because` says why.
    counted_only : bool
        Whether only the number was asked for: there are no rows then.
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
    truncated_because: str = ""
    counted_only: bool = False
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
            "truncated_because": text(part.get("truncated_because")),
            "counted_only": part.get("counted_only") is True,
            "api": text(part.get("api")),
            "as_of": text(part.get("as_of")),
        }

    def rows(
        self,
        *,
        where: Where = None,
        sort: Names = None,
        columns: Names = None,
        since: str | Search | None = None,
        page_size: int = 1000,
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
        since
            An earlier search of the same collection, or its id: only the rows that are new, changed or gone since;
            their `_change` says which, and `_changed` names the columns.
        page_size
            Rows per request, at most 1000.

        Yields
        ------
        dict
            MAST's columns and values, with `_row` (stable) and `access`.
        """
        path = f"{self._own_path()}/rows"
        earlier = since.id if isinstance(since, Search) else since
        return items(self._talk(), path, row_params(where, sort, columns, earlier), limit=page_size)

    def to_table(self, *, where: Where = None, sort: Names = None, columns: Names = None) -> Table:
        """The rows as an `astropy.table.Table` with units and descriptions; needs ``topmast[table]``.

        Raises
        ------
        ConfigError
            astropy is not installed.
        """
        return table(self, self.rows(where=where, sort=sort, columns=columns), columns)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        where: Where = None,
        sort: Names = None,
        columns: Names = None,
        timeout: float | dt.timedelta | None = None,
    ) -> Path:
        """All rows as a file, in the format its name ends in: .csv, .ecsv, .vot, .parquet or .html.

        The service writes it and it comes piece by piece, so any number of rows fits into memory; ECSV and VOTable
        keep units and descriptions.

        Returns
        -------
        Path
            Where it is; whole, or not there.
        """
        target = Path(path)
        params = (*row_params(where, sort, columns), ("format", format_of(target)))
        request = Request("GET", f"{self._own_path()}/rows", params, headers={"Accept": "*/*"})
        return save(self._talk(), request, target, self._talk().clock.deadline(seconds(timeout)))

    def facets(self, columns: Names = None, *, where: Where = None, bins: int | None = None) -> dict[str, Any]:
        """How often each value occurs, "49 of 299"; histograms of `bins` for numbers.

        Parameters
        ----------
        columns
            Of these; by default of those that tell rows apart.
        where
            Counted among these rows, as for `rows`.

        Returns
        -------
        dict
            ``total``, ``matching`` and ``columns``, as the service tells them.
        """
        params = (*row_params(where, None, columns), *((("bins", str(bins)),) if bins is not None else ()))
        return self._talk().get(f"{self._own_path()}/facets", params)

    def sky(
        self, path: str | os.PathLike[str], *, where: Where = None, timeout: float | dt.timedelta | None = SKY_TIMEOUT
    ) -> Path:
        """Where the rows lie, as a PNG: footprints on a coordinate grid, coloured by who may have the data.

        The service draws it; that may take half a minute for a large search.

        Raises
        ------
        NotReady
            It is not drawn within `timeout` seconds.
        """
        params = (*row_params(where), ("format", "png"))
        request = Request("GET", f"{self._own_path()}/sky", params, headers={"Accept": "image/png"})
        session = self._talk()
        limit = session.clock.deadline(seconds(timeout))
        while True:
            try:
                return save(session, request, path, limit)
            except NotReady as error:
                pause = error.retry_after or 2.0
                if pause >= limit.left():
                    raise
                session.clock.sleep(pause)

    def products(
        self,
        *,
        where: Where = None,
        timeout: float | dt.timedelta | None = 600.0,
        progress: ProgressOption = False,
    ) -> Search:
        """The files of these rows, each once: a search as any other, with rows, facets and formats of its own.

        It may be given to `Client.bundle`, which then stages exactly these files.

        Parameters
        ----------
        where
            Of these rows only, as for `rows`.
        timeout
            Seconds in all; MAST lists the files of few observations at a time.

        Raises
        ------
        JobFailed, WaitTimeout
            As for `Client.search`.
        """
        limit = self._talk().clock.deadline(seconds(timeout))
        document = self._talk().get(f"{self._own_path()}/products", row_params(where), deadline=limit)
        begun = Search._received(document, self._talk())
        return wait_for(begun, self._talk(), limit, progress, raise_on_failure=True)

    def footprints(self, *, where: Where = None, page_size: int = 1000) -> Iterator[dict[str, Any]]:
        """Where each row looked: `shapes` in degrees (None without a footprint), `access`, `position`, `capped`."""
        return items(self._talk(), f"{self._own_path()}/sky", row_params(where), limit=page_size)

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
