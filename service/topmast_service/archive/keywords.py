"""JWST files by the keywords of their FITS headers: the Portal's services ``Mast.Jwst.Filtered.*``.

One service per instrument, each with columns of its own and one row per FITS file of the highest level made. What
MAST's rows leave to the client is done here: ``/Date(ms)/`` becomes RFC 3339.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import islice
from typing import Any

from topmast_service.archive import filters
from topmast_service.archive.portal import Portal
from topmast_service.domain import dates, forms
from topmast_service.domain.criteria import Criterion

Row = dict[str, Any]

SERVICES: Mapping[str, str] = {
    "nircam": "Mast.Jwst.Filtered.Nircam",
    "niriss": "Mast.Jwst.Filtered.Niriss",
    "nirspec": "Mast.Jwst.Filtered.Nirspec",
    "miri": "Mast.Jwst.Filtered.Miri",
    "fgs": "Mast.Jwst.Filtered.Fgs",
    "guidestar": "Mast.Jwst.Filtered.GuideStar",
    "wss": "Mast.Jwst.Filtered.Wss",
}
"""MAST's services by the names that `domain.forms` gives them."""

PRODUCT = "mast:JWST/product/"

PAGE_ROWS = 1_000
"""Rows per page and chunk: with some 220 columns one takes about 15 kB, so a page some 15 MB while it is read."""

_DATES = frozenset(name for name, told in forms.keywords().items() if told["type"] == "date")
"""The Portal writes these as ``/Date(ms)/``, MAST's other interfaces to the same tables as ISO without a zone."""

CONNECTIONS = 3
"""Services asked at once; the chunks they have ready are all that is held."""


def search(
    portal: Portal, service: str, criteria: Sequence[Criterion], columns: str = "*", page_rows: int | None = None
) -> Iterator[Row]:
    """The rows of one service that fit, each once.

    Parameters
    ----------
    service
        A key of `SERVICES`.
    columns
        Which cells to ask for; what the criteria are tested with must be among them.
    page_rows
        Rows per page: more than `PAGE_ROWS` where few cells are asked for.
    """
    tested = filters.tested(criteria)
    questions = list(filters.questions(criteria))
    seen: set[str] = set()
    for asked in questions:
        for raw in portal.rows(SERVICES[service], {"columns": columns, "filters": asked}, page_rows or PAGE_ROWS):
            row = _readable(raw)
            if name_of(row) in seen or not filters.passes(row, tested):
                continue
            if len(questions) > 1:
                seen.add(name_of(row))
            yield row


def count(portal: Portal, service: str, criteria: Sequence[Criterion]) -> int:
    """How many rows of a service fit; MAST counts where one question says it all, else the rows are read."""
    asked = list(filters.questions(criteria))
    if len(asked) > 1 or filters.tested(criteria):
        return sum(1 for _ in search(portal, service, criteria))
    return portal.count(SERVICES[service], {"filters": asked[0]})


def side_by_side(
    open_portal: Callable[[], Portal], services: Sequence[str], ask: Callable[[Portal, str], Iterator[Row]]
) -> Iterator[tuple[str, Row]]:
    """The rows of several services, each with the service's name, in the order of `services`.

    Up to `CONNECTIONS` services are asked at once, each over a conversation of its own (astroquery's objects share
    state between threads) that one thread at a time uses; a chunk of each is read ahead, never more.
    """
    with ExitStack() as portals, ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="keywords") as pool:
        begun: dict[str, Iterator[Row]] = {}
        waiting: dict[str, Future[list[Row]]] = {}
        for at, service in enumerate(services):
            for ahead in services[at : at + CONNECTIONS]:
                if ahead not in begun:
                    begun[ahead] = ask(portals.enter_context(closing(open_portal())), ahead)
                    waiting[ahead] = pool.submit(_chunk, begun[ahead])
            while chunk := waiting[service].result():
                waiting[service] = pool.submit(_chunk, begun[service])
                yield from ((service, row) for row in chunk)


def _chunk(rows: Iterator[Row]) -> list[Row]:
    return list(islice(rows, PAGE_ROWS))


def name_of(row: Mapping[str, Any]) -> str:
    """The file a row is of: guide stars and wavefront call the column ``fileName``, the instruments ``filename``."""
    return str(row.get("filename") or row.get("fileName") or str(row.get("dataURI") or "").rpartition("/")[2])


def _readable(row: Row) -> Row:
    """The same row, its dates written so that people can read them; what is no date that can be is no date."""
    for name, cell in row.items():
        if isinstance(cell, str) and (cell.startswith("/Date(") or name in _DATES):
            try:
                row[name] = dates.cell(cell)
            except (ValueError, OverflowError):
                row[name] = None
    return row
