"""Rows of a search as a whole file: which format is wanted, and the file as it streams."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from flask import Response, request
from werkzeug.datastructures import MIMEAccept

from topmast_service.api.http_errors import NotAcceptable
from topmast_service.api.streaming import Streams
from topmast_service.domain.columns import Column
from topmast_service.domain.job import Job
from topmast_service.domain.rows import Question, ask
from topmast_service.errors import Invalid
from topmast_service.formats import FORMATS, About, Format
from topmast_service.store.tables import Table

MEDIA = {"application/json": "json", **{f.media_type: name for name, f in FORMATS.items()}}
"""What Accept may name, the first for those who take anything."""

WHOLE: dict[str, Any] = {
    f.media_type: {"schema": {"type": "string", **({} if f.content_type.startswith("text/") else {"format": "binary"})}}
    for f in FORMATS.values()
}
"""The formats' part of a 200 in the contract."""

_ROW = Column("_row", "int", description="The row's id within this result")
_PAGED = ("limit", "cursor")


def wanted(query: Mapping[str, Any]) -> str:
    """The format that `query` names, else the best that Accept takes, whatever charset or serialization it adds.

    Raises
    ------
    NotAcceptable
        Accept takes none of `MEDIA`.
    """
    if named := query.get("format"):
        return str(named)
    bare = MIMEAccept([(taken.partition(";")[0].strip(), quality) for taken, quality in request.accept_mimetypes])
    best = bare.best_match(list(MEDIA)) if bare else "application/json"
    if best is None:
        raise NotAcceptable(f"Rows come as {', '.join(MEDIA)}.")
    return MEDIA[best]


def whole(
    streams: Streams, search: Job, table: Table, *, facts: Mapping[str, Any], query: Mapping[str, Any], name: str
) -> Response:
    """All rows that fit, as a file of the format `name`; every column of the JSON, `_row` and `access` included.

    Parameters
    ----------
    table
        Opened with the time, so that it tells `access`.
    facts
        What is known of these rows (`results.facts`).

    Raises
    ------
    Invalid
        A page is asked for: `limit` or `cursor`.
    UnknownColumn, Expired, Busy
        As for a page of rows, and as for a file.
    """
    _refuse_paging(name)
    question = ask(
        table.askable, where=query.get("where", ()), sort=query.get("sort", ""), columns=query.get("columns", "")
    )
    columns = _columns(table, question)
    rows = table.every(replace(question, columns=tuple(c.name for c in columns)))
    about = _about(search, facts, table.page(replace(question, sort=(), columns=("_row",), limit=1)).total)
    pieces = _closed(FORMATS[name], columns, rows, about)
    response = Response(streams.hold(pieces), content_type=FORMATS[name].content_type)
    response.vary.add("Accept")
    response.headers["Content-Disposition"] = _disposition(FORMATS[name], search, about)
    return response


def _refuse_paging(name: str) -> None:
    if ignored := [word for word in _PAGED if word in request.args]:
        at = [{"pointer": word, "detail": f"{name} is always whole.", "suggestions": []} for word in ignored]
        raise Invalid(f"Rows as {name} take no {', '.join(ignored)}.", hint="Ask for json, or leave it out.", errors=at)


def _columns(table: Table, question: Question) -> list[Column]:
    """Those of a page of the same rows, in its order."""
    known = {**table.askable, **table.fitting()}
    names = dict.fromkeys([*(question.columns or table.columns), *table.computed])
    return [_ROW, *(known[name] for name in names)]


def _about(search: Job, facts: Mapping[str, Any], rows: int) -> About:
    why = facts.get("truncated_because") or "no reason given"
    return About(
        title=f"Search {search.id}" + (f": {search.label}" if search.label else ""),
        query=search.request,
        api=facts.get("api"),
        as_of=facts.get("as_of"),
        truncated=why if facts.get("truncated") else None,
        stale=bool(facts.get("stale")),
        rows=rows,
        notes=tuple(facts.get("notes", ())),
    )


def _closed(
    form: Format, columns: Sequence[Column], rows: Generator[Mapping[str, Any], None, None], about: About
) -> Iterator[bytes]:
    """The file; the table is closed also when the reader has gone."""
    with closing(rows):
        yield from form.write(columns, rows, about)


def _disposition(form: Format, search: Job, about: About) -> str:
    """A name that tells what a CSV cannot: that these are not all, or not the latest."""
    warnings: Iterable[str] = [
        word for word, said in (("truncated", about.truncated is not None), ("stale", about.stale)) if said
    ]
    shown = "inline" if form.name == "html" else "attachment"
    return f'{shown}; filename="{"-".join(["topmast", search.id, *warnings])}.{form.extension}"'
