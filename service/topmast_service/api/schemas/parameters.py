"""Query parameters, headers and path parameters."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate
from webargs.fields import DelimitedList

from topmast_service.api.schemas.fields import Moment, Pattern, QueryNumber, Request
from topmast_service.api.schemas.job import KINDS
from topmast_service.domain.job import PHASES
from topmast_service.domain.rows import MAX_SORT, MAX_WHERE, OPERATORS
from topmast_service.formats import FORMATS

MAX_WAIT = 30
MAX_IDS = 200
JOB = "spcb"
"""First letters of the ids of jobs: search, plan, copy, bundle."""

JOB_ID = rf"[{JOB}]_[0-9a-f]{{16}}"


def path_id(name: str, letters: str, what: str) -> dict[str, Any]:
    """The documentation of an id in a path; one that is no id is simply not found."""
    return {
        "in": "path",
        "name": name,
        "description": what,
        "schema": {"type": "string", "pattern": f"^[{letters}]_[0-9a-f]{{16}}$"},
        "example": f"{letters[-1]}_0123456789abcdef",
    }


def _text(description: str, longest: int, **more: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=longest), metadata={"description": description, **more})


def list_limit() -> fields.Integer:
    said = {"description": "Most items on a page", "default": 100, "example": 50}
    return QueryNumber(load_default=100, validate=validate.Range(1, 1000), metadata=said)


def list_cursor() -> fields.String:
    said = {"description": "Where to go on: `next` of the page before", "format": "cursor"}
    return fields.String(validate=Pattern(r"[A-Za-z0-9_-]{0,4000}", "This is no cursor of ours."), metadata=said)


class NoQuery(Request):
    """No parameters: a misspelt one is refused here as well."""


def of_table(kind: str, example: list[str]) -> dict[str, fields.Field[Any]]:
    """The parameters of a list of rows. The formats name grammars of ours (http.md), by the table's columns."""
    operators = ", ".join(OPERATORS)
    where = fields.List(
        _text("A condition", 300, format=f"{kind}-condition"),
        validate=validate.Length(max=MAX_WHERE),
        metadata={
            "description": f"`column:op:value`, repeatable; all must hold. Operators: {operators}. `in` and `between` "
            "take values split by commas (`\\,` is a comma), `like` takes `*`. Capitals do not count.",
            "example": example,
        },
    )
    order = f"Up to {MAX_SORT} columns; `-` before one turns it round: `-{example[0].partition(':')[0]},obs_id`"
    return {
        "where": where,
        "sort": _text(order, 200, format=f"{kind}-sort", example="-obs_id"),
        "columns": _text(
            "Columns to show, split by commas; all by default",
            1000,
            format=f"{kind}-columns",
            example="obs_id,calib_level",
        ),
        "limit": list_limit(),
        "cursor": list_cursor(),
    }


_ROW_FORMAT = fields.String(
    validate=validate.OneOf(["json", *FORMATS]),
    metadata={"description": "Instead of Accept. All but json are whole: they take no limit and no cursor"},
)
ProductsQuery = Request.from_dict(
    {"where": of_table("observation", ["calib_level:ge:2", "instrument_name:like:MIRI*"])["where"]},
    name="ProductsQuery",
)

ProductRowQuery = Request.from_dict(
    of_table("product", ["excluded:null:true", "suffix:eq:uncal"]), name="ProductRowQuery"
)

SINCE = fields.String(
    validate=Pattern(r"s_[0-9a-f]{16}", "This is no search's id."),
    metadata={"description": "An earlier search of yours, of the same collection: only what changed since then"},
)
RowQuery = Request.from_dict(
    {
        **of_table("observation", ["t_min:ge:59000", "instrument_name:like:MIRI*"]),
        "format": _ROW_FORMAT,
        "since": SINCE,
    },
    name="RowQuery",
)

_FORMAT = fields.String(
    validate=validate.OneOf(["json", "csv", "html"]),
    metadata={"description": "Instead of Accept. csv and html are whole: no other parameter goes with them"},
)
ManifestQuery = Request.from_dict(
    {**of_table("manifest", ["size:gt:1000000", "status:eq:OK"]), "format": _FORMAT}, name="ManifestQuery"
)


class JobsQuery(Request):
    """Which jobs."""

    kind = fields.String(validate=validate.OneOf(KINDS), metadata={"description": "Only jobs of this kind"})
    phase = fields.List(
        fields.String(validate=validate.OneOf(PHASES)),
        validate=validate.Length(max=len(PHASES)),
        metadata={"description": "Only in this phase; repeatable (any of them)"},
    )
    label = _text("Only with exactly this label", 200, example="ring nebula")
    after = Moment(metadata={"description": "Only those created after this time", "example": "2026-07-01T00:00:00Z"})
    ids = DelimitedList(
        fields.String(validate=Pattern(JOB_ID, "This is no job id.")),
        validate=validate.Length(1, MAX_IDS),
        metadata={
            "description": f"Only these, up to {MAX_IDS}, split by commas: a bulk poll. Unknown ones are left out"
        },
    )
    limit = list_limit()
    cursor = list_cursor()


class JobQuery(Request):
    """Long poll."""

    wait = QueryNumber(
        load_default=0,
        validate=validate.Range(0, MAX_WAIT),
        metadata={"description": "Seconds to wait for a change", "default": 0, "example": 20},
    )
    since = QueryNumber(
        validate=validate.Range(0, 2**53),
        metadata={"description": "The version you know; answers at once if there is a later one", "example": 3},
    )


class RetryQuery(Request):
    """What a next revision is made of."""

    what = fields.String(
        load_default="failed",
        validate=validate.OneOf(["failed", "all"]),
        metadata={"description": "`failed`: those files again; `all`: listed and checked anew", "default": "failed"},
    )


class DiffQuery(Request):
    """Two revisions."""

    old = QueryNumber(required=True, validate=validate.Range(1, 10**6), metadata={"description": "The one before"})
    new = QueryNumber(required=True, validate=validate.Range(1, 10**6), metadata={"description": "The one after"})


class IdempotencyHeader(Request):
    """The header of a request that makes something."""

    idempotency_key = fields.String(
        data_key="Idempotency-Key",
        validate=Pattern(r"[!-~]{1,128}", "1 to 128 visible ASCII characters."),
        metadata={
            "description": "Makes repeating safe: for 24 hours the same key and body find the same job. "
            "1 to 128 visible ASCII characters."
        },
    )


class MatchHeaders(Request):
    """The header of a request that changes something only as it was seen."""

    if_match = fields.String(
        data_key="If-Match",
        metadata={"description": "The ETag that you saw: 412 if there is another by now", "example": '"5"'},
    )


class SubmitHeaders(IdempotencyHeader):
    """Headers of a request that makes a job."""

    prefer = fields.String(
        data_key="Prefer",
        metadata={
            "description": f"`wait=N` (RFC 7240), N ≤ {MAX_WAIT}: answer 200 with the finished job if it ends within N "
            "seconds. Other preferences are ignored.",
            "example": "wait=10",
        },
    )
