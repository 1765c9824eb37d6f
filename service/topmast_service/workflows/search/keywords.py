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
FILE_COLUMNS = {"filename": "fileName", "fileName": "filename"}
"""The same thing by two names."""

SERVICE = "instrument"
"""Our own column: which service a row comes from."""


def find(asking: Asking) -> Found:
    """The files that fit, of every instrument asked; or the observations they belong to."""
    criteria = _read(asking)
    services = list(criteria)
    if asking.search.expand:
        return expand.of_files(asking, services, criteria)
    columns = _columns(asking, services)
    return Found(columns, named(_rows(asking, criteria, columns), asking.notes), asking.facts["api"])


def count(asking: Asking) -> int:
    """How many files fit, or observations if they are to be expanded."""
    if asking.search.expand:
        return sum(1 for _ in find(asking).rows)
    counts = {service: keywords.count(asking.portal, service, asked) for service, asked in _read(asking).items()}
    asking.facts["instruments"] = counts
    return sum(counts.values())


COLLECTION = Collection(find, count)


def has(form: Form, service: str, column: Column) -> bool:
    """Whether a service has a column; a date is also there if its twin in MJD is, by which MAST compares it."""
    twins = (column.name, f"{column.name}_mjd") if column.type == "date" else (column.name,)
    return any(service in form.services.get(name, ()) for name in twins)


def _read(asking: Asking) -> dict[str, list[Criterion]]:
    """What each service is asked; notes say which services cannot be asked it."""
    form, chosen = asking.search.form, asking.search.criterion(SERVICE)
    criteria = whole_numbers(c for c in asking.search.criteria if c is not chosen)
    asked: dict[str, list[Criterion]] = {}
    for service in _chosen(chosen):
        own = [_own(form, service, c) for c in criteria]
        if lacking := [c.column.name for c, here in zip(criteria, own, strict=True) if here is None]:
            asking.notes.append(f"{INSTRUMENTS[service]}: not asked, for there is no column {', '.join(lacking)}.")
        else:
            asked[service] = [c for c in own if c is not None]
    asking.notes.append(HIGHEST_ONLY)
    asking.facts["api"] = ", ".join(keywords.SERVICES[s] for s in asked)
    return asked


def _own(form: Form, service: str, criterion: Criterion) -> Criterion | None:
    """A criterion as a service can be asked it; None where it lacks the column."""
    if has(form, service, criterion.column):
        return criterion
    twin = form.columns.get(FILE_COLUMNS.get(criterion.column.name, ""))
    return replace(criterion, column=twin) if twin is not None and has(form, service, twin) else None


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


def _rows(asking: Asking, criteria: Mapping[str, Sequence[Criterion]], columns: Sequence[Column]) -> Iterator[Row]:
    def ask(portal: Portal, service: str) -> Iterator[keywords.Row]:
        return keywords.search(portal, service, criteria[service])

    counts = asking.facts["instruments"] = dict.fromkeys(criteria, 0)
    one_name = any(c.name == "filename" for c in columns)
    for service, row in keywords.side_by_side(asking.upstream.open_portal, list(criteria), ask):
        counts[service] += 1
        yield {SERVICE: service, **row, **({"filename": keywords.name_of(row)} if one_name else {})}


def _columns(asking: Asking, services: Sequence[str]) -> list[Column]:
    """`instrument`, then every column that one of the services has, in MAST's order.

    Guide stars call the file ``fileName``, instruments ``filename``; that is one column, and to SQLite one name.
    """
    form = asking.search.form
    found = {n: c for n, c in form.columns.items() if n == SERVICE or any(has(form, s, c) for s in services)}
    if found.keys() >= FILE_COLUMNS.keys():
        del found["fileName"]
        asking.notes.append("Guide stars call their file fileName; here its name is in the column filename.")
    return list(found.values())
