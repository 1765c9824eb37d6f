"""The keyword dictionary."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Answer, Moment, Pattern, QueryNumber, Request
from topmast_service.domain.dictionary import CONFIGURATION, KEYWORD_API, SHIPPED_FACTS

_EXAMPLE: dict[str, Any] = {
    "name": "tsovisit",
    "fits_keyword": "TSOVISIT",
    "title": "Whether the visit is a time series of one object",
    "description": "",
    "type": "flag",
    "unit": "",
    "values": [],
    "occurs": [{"collection": "instrument_keywords", "services": ["nircam", "niriss", "nirspec", "miri", "fgs"]}],
    "source": "keyword_api",
    "as_of": "2026-07-01T12:00:02.000Z",
    "links": {"self": "/v1/keywords/tsovisit"},
}


class KeywordQuery(Request):
    """Which keywords."""

    q = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "Words that name, title or description must all have", "example": "guide star"},
    )
    limit = QueryNumber(
        load_default=100,
        validate=validate.Range(1, 1000),
        metadata={"description": "Most items on a page", "default": 100, "example": 50},
    )
    cursor = fields.String(
        validate=Pattern(r"[A-Za-z0-9_-]{0,4000}", "This is no cursor of ours."),
        metadata={"description": "Where to go on: `next` of the page before", "format": "cursor"},
    )


class Occurrence(Answer):
    """Where a keyword can be searched for."""

    collection = fields.String()
    services = fields.List(fields.String(), metadata={"description": "Instruments whose files have it"})


class Keyword(Answer):
    """One keyword or column."""

    json_schema: ClassVar[dict[str, Any]] = {"example": _EXAMPLE}

    name = fields.String(metadata={"description": "As criteria and rows have it"})
    fits_keyword = fields.String(
        allow_none=True, metadata={"description": "As headers have it; null for columns of the archive's own"}
    )
    title = fields.String()
    description = fields.String(metadata={"description": "More than the title says, if anything"})
    type = fields.String()
    unit = fields.String(metadata={"description": "VOUnit; empty: none, or unknown"})
    values = fields.List(fields.String(), metadata={"description": "What it may be; empty: anything, or unknown"})
    occurs = fields.List(
        fields.Nested(Occurrence), metadata={"description": "Where it can be searched for; empty: only headers have it"}
    )
    source = fields.String(
        validate=validate.OneOf([KEYWORD_API, CONFIGURATION, SHIPPED_FACTS]),
        metadata={
            "description": "Who told of it last: MAST's keyword information API, the column configuration of its "
            "Portal, or what is shipped with topmast"
        },
    )
    as_of = Moment(metadata={"description": "When"})
    links = fields.Dict(keys=fields.String(), values=fields.String())


class KeywordPage(Answer):
    """Some keywords, those whose names fit best first."""

    json_schema: ClassVar[dict[str, Any]] = {"example": {"items": [_EXAMPLE], "next": None, "total": 1}}

    items = fields.List(fields.Nested(Keyword))
    next = fields.String(allow_none=True, metadata={"description": "Cursor of the next page; null on the last"})
    total = fields.Integer(metadata={"description": "Keywords that fit `q`, on all pages"})
