"""Instrument keywords: JWST files by their FITS headers, several instruments in one search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from topmast_service.archive import keywords
from topmast_service.archive.portal import Portal
from topmast_service.domain.columns import Column
from topmast_service.domain.criteria import Criterion
from topmast_service.domain.forms import INSTRUMENTS, Form
from topmast_service.workflows.search import expand
from topmast_service.workflows.search.asking import Asking, Collection, Found

Row = Mapping[str, Any]

HIGHEST_ONLY = (
    "MAST matches only FITS files of the highest level made: no uncal where there is a rate, no associations, no "
    "previews. expand=observations turns the rows into whole observations."
)
SERVICE = "instrument"
"""Our own column: which service a row comes from."""


def find(asking: Asking) -> Found:
    """The files that fit, of every instrument asked; or the observations they belong to."""
    criteria, services = _read(asking)
    if asking.search.expand:
        return expand.of_files(asking, services, criteria)
    form = asking.search.form
    columns = [c for name, c in form.columns.items() if name == SERVICE or any(has(form, s, c) for s in services)]
    return Found(columns, named(_rows(asking, services, criteria), asking.notes), asking.facts["api"])


def count(asking: Asking) -> int:
    """How many files fit, or observations if they are to be expanded."""
    if asking.search.expand:
        return sum(1 for _ in find(asking).rows)
    criteria, services = _read(asking)
    asking.facts["instruments"] = {s: keywords.count(asking.portal, s, criteria) for s in services}
    return sum(asking.facts["instruments"].values())


COLLECTION = Collection(find, count)


def has(form: Form, service: str, column: Column) -> bool:
    """Whether a service has a column; a date is also there if its twin in MJD is, by which MAST compares it."""
    twins = (column.name, f"{column.name}_mjd") if column.type == "date" else (column.name,)
    return any(service in form.services.get(name, ()) for name in twins)


def _read(asking: Asking) -> tuple[list[Criterion], list[str]]:
    """The criteria that MAST is asked, and the services that can be asked them; notes say which cannot."""
    form, chosen = asking.search.form, asking.search.criterion(SERVICE)
    criteria = whole_numbers(c for c in asking.search.criteria if c is not chosen)
    services = []
    for service in _chosen(chosen):
        if lacking := [c.column.name for c in criteria if not has(form, service, c.column)]:
            asking.notes.append(f"{INSTRUMENTS[service]}: not asked, for it has no {', '.join(lacking)}.")
        else:
            services.append(service)
    asking.notes.append(HIGHEST_ONLY)
    asking.facts["api"] = ", ".join(keywords.SERVICES[s] for s in services)
    return criteria, services


def named(rows: Iterable[Row], notes: list[str]) -> Iterator[Row]:
    """The rows, each with a ``dataURI``: a third of real rows come without, and their file name says it."""
    made = 0
    for row in rows:
        if row.get("dataURI"):
            yield row
            continue
        made += 1
        yield {**row, "dataURI": keywords.PRODUCT + keywords.name_of(row)}
    if made:
        notes.append(f"MAST gave {made} rows without a dataURI; it was made from the name of the file.")


def whole_numbers(criteria: Iterable[Criterion]) -> list[Criterion]:
    """01409 and 1409 are the same program: MAST compares numbers, our own tests of the rows compare text."""
    return [replace(c, exact=tuple(map(_whole, c.exact))) if c.column.type == "int" else c for c in criteria]


def _whole(text: str) -> str:
    number = float(text)
    return str(int(number)) if number.is_integer() else text


def _chosen(criterion: Criterion | None) -> list[str]:
    if criterion is None:
        return list(INSTRUMENTS)
    names = {name.casefold() for name in criterion.exact}
    return [service for service in INSTRUMENTS if (service in names) != criterion.negated]


def _rows(asking: Asking, services: Sequence[str], criteria: Sequence[Criterion]) -> Iterator[Row]:
    def ask(portal: Portal, service: str) -> Iterator[keywords.Row]:
        return keywords.search(portal, service, criteria)

    counts = asking.facts["instruments"] = dict.fromkeys(services, 0)
    for service, row in keywords.side_by_side(asking.upstream.open_portal, services, ask):
        counts[service] += 1
        yield {SERVICE: service, **row}
