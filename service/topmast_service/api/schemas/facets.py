"""What a result is made of, as the contract writes it."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas import parameters
from topmast_service.api.schemas.fields import Answer, QueryNumber, Request
from topmast_service.domain.facets import BINS, FEW, MOST_BINS, MOST_VALUES

_EXAMPLE: dict[str, Any] = {
    "total": 299,
    "matching": 49,
    "truncated": False,
    "as_of": "2026-07-01T12:00:02+00:00",
    "stale": False,
    "columns": [
        {
            "name": "instrument_name",
            "type": "string",
            "unit": "",
            "many": False,
            "nulls": {"count": 0, "total": 0},
            "distinct": 2,
            "values": [
                {"value": "MIRI/IMAGE", "count": 49, "total": 101},
                {"value": "NIRCAM/IMAGE", "count": 0, "total": 198},
            ],
            "more": 0,
            "histogram": None,
            "min": None,
            "max": None,
        },
        {
            "name": "t_exptime",
            "type": "float",
            "unit": "s",
            "many": False,
            "nulls": {"count": 0, "total": 1},
            "distinct": 120,
            "values": None,
            "more": 0,
            "histogram": {
                "edges": [11.1, 1011.1, 2011.1],
                "counts": [40, 9],
                "totals": [250, 48],
                "unread": 0,
            },
            "min": 11.1,
            "max": 2011.1,
        },
    ],
}

_COUNT = {"description": "Rows that fit `where`"}
_TOTAL = {"description": "Of all rows"}
_SCALAR = {"type": ["string", "number", "boolean"]}
_END = {"type": ["number", "string"]}


def _asked() -> dict[str, fields.Field[Any]]:
    of_rows = parameters.of_table("observation", ["calib_level:ge:2", "access:eq:public"])
    said = f"Facets to count, split by commas. By default those with at most {FEW} different values"
    shown = {"description": said, "example": "instrument_name,calib_level,access,t_exptime"}
    of_rows["columns"].metadata = {**of_rows["columns"].metadata, **shown}
    bins = QueryNumber(
        load_default=BINS,
        validate=validate.Range(1, MOST_BINS),
        metadata={"description": "Bins of a histogram", "default": BINS, "example": 20},
    )
    return {"where": of_rows["where"], "columns": of_rows["columns"], "bins": bins, "since": parameters.SINCE}


FacetQuery = Request.from_dict(_asked(), name="FacetQuery")


class Share(Answer):
    """How many rows fit, of how many."""

    count = fields.Integer(metadata=_COUNT)
    total = fields.Integer(metadata=_TOTAL)


class FacetValue(Share):
    """How often a value occurs."""

    value = fields.Raw(metadata={**_SCALAR, "description": "As `where` takes it"})


class Histogram(Answer):
    """Bins of equal width; each is from its edge to below the next, the last with its end."""

    edges = fields.List(
        fields.Raw(metadata={"type": ["number", "string"]}), metadata={"description": "One more than bins"}
    )
    counts = fields.List(fields.Integer(), metadata=_COUNT)
    totals = fields.List(fields.Integer(), metadata=_TOTAL)
    unread = fields.Integer(metadata={"description": "Cells that are neither empty nor a number or date"})


class Facet(Answer):
    """One column."""

    name = fields.String(attribute="column.name")
    type = fields.String(attribute="column.type", metadata={"description": "string, int, float, boolean, date or flag"})
    unit = fields.String(attribute="column.unit")
    many = fields.Boolean(
        attribute="column.many",
        metadata={"description": "Whether cells hold several values, split by `;`; each counts"},
    )
    nulls = fields.Nested(Share, metadata={"description": "Rows without a value"})
    distinct = fields.Integer(metadata={"description": "Different values, of all rows"})
    values = fields.List(
        fields.Nested(FacetValue),
        allow_none=True,
        metadata={"description": f"The most frequent first, at most {MOST_VALUES}; null where there is a histogram"},
    )
    more = fields.Integer(metadata={"description": "Values left out"})
    histogram = fields.Nested(Histogram, allow_none=True, metadata={"description": "Of numbers and dates"})
    min = fields.Raw(metadata={"type": ["number", "string", "null"], "description": "Of all rows"})
    max = fields.Raw(metadata={"type": ["number", "string", "null"], "description": "Of all rows"})


class Facets(Answer):
    """What a result is made of: `matching` of `total` rows fit."""

    json_schema: ClassVar[dict[str, Any]] = {"example": _EXAMPLE}

    total = fields.Integer(metadata={"description": "All rows"})
    matching = fields.Integer(metadata={"description": "Those that fit `where`"})
    columns = fields.List(fields.Nested(Facet))
    truncated = fields.Boolean(metadata={"description": "Whether MAST had more than it gave"})
    as_of = fields.String(allow_none=True, metadata={"format": "date-time", "description": "When MAST was asked"})
    stale = fields.Boolean(metadata={"description": "Whether a newer answer could not be had"})
