"""Pages: of rows in a table, of jobs; their cursors and their ``Link``."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from flask import request

from topmast_service.domain.job import Job
from topmast_service.domain.rows import ask
from topmast_service.errors import BadCursor
from topmast_service.store.jobs import position
from topmast_service.store.tables import Table


def of_rows(table: Table, query: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """A page of a table, as the contract writes it; with `access` in every row, if the table knows the time.

    Parameters
    ----------
    query
        where, sort, columns, limit and cursor, as `RowQuery` read them.
    facts
        `as_of`, `truncated` and `stale` of the result.
    """
    question = ask(
        table.askable,
        where=query.get("where", ()),
        sort=query.get("sort", ""),
        columns=query.get("columns", ""),
        limit=query["limit"],
        cursor=query.get("cursor", ""),
        scope=query.get("since") or "",
    )
    page = table.page(replace(question, columns=(*(question.columns or table.columns), *table.computed)))
    told = {"as_of": facts.get("as_of"), "truncated": bool(facts.get("truncated"))}
    told["stale"] = bool(facts.get("stale"))
    return {"items": page.items, "next": page.next, "total": page.total, **told}


def next_link(following: str | None) -> dict[str, str]:
    """The Link header to the next page of this very request."""
    if following is None:
        return {}
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return {"Link": f'<{request.path}?{urlencode([*query, ("cursor", following)])}>; rel="next"'}


def of_jobs(found: Iterator[Job], limit: int, filters: str) -> tuple[list[Job], str | None]:
    """The first `limit` jobs, and the cursor behind them if there are more."""
    jobs = list(islice(found, limit + 1))
    if len(jobs) <= limit:
        return jobs, None
    return jobs[:limit], written([filters, *position(jobs[limit - 1])])


def fingerprint(*filters: Any) -> str:
    """What a cursor is bound to: the same jobs are asked for."""
    return hashlib.sha256(repr(filters).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def behind(cursor: str | None, filters: str) -> tuple[float, str] | None:
    """The position that a cursor of `of_jobs` continues from.

    Raises
    ------
    BadCursor
        It is not ours, or was made for other filters.
    """
    if cursor is None:
        return None
    match read(cursor):
        case [str(made_for), float(created), str(job_id)] if made_for == filters and math.isfinite(created):
            return created, job_id
        case [str(), float(), str()]:
            raise BadCursor("The cursor was made for other filters.")
    raise BadCursor("The cursor is not one that this service made.")


def written(parts: list[Any]) -> str:
    """A cursor that holds `parts`."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read(cursor: str) -> Any:
    """What a cursor holds; None if it is none of ours."""
    try:
        return json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
