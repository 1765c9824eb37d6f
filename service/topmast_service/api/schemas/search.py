"""What a search is asked, and what it says."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import INCLUDE, fields, validate

from topmast_service.api.schemas import examples
from topmast_service.api.schemas.criteria import CriterionField
from topmast_service.api.schemas.fields import Answer, Pattern, Request
from topmast_service.api.schemas.job import JobDocument
from topmast_service.domain.columns import NOT_ASKED, OBSERVATION

LABEL = Pattern(r"[^\u0000-\u001f\u007f-\u009f]{0,200}", "At most 200 characters, no control characters.")


class _Criteria(Request):
    class Meta:
        unknown = INCLUDE  # so that the rules refuse unknown columns themselves, with the nearest names

    json_schema: ClassVar[dict[str, Any]] = {
        "additionalProperties": False,
        "description": "One criterion per column; all of them must hold. Column names are MAST's own.",
    }


Criteria = _Criteria.from_dict(
    {name: CriterionField(column) for name, column in OBSERVATION.items() if name not in NOT_ASKED}, name="Criteria"
)


class SearchRequest(Request):
    """A target, criteria, or both."""

    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [
            {"required": ["target"], "properties": {"target": {"type": "string"}}},
            {"required": ["criteria"], "properties": {"criteria": {"minProperties": 1}}},
        ],
        "example": {
            "collection": "observations",
            "target": "m57 r=1m",
            "criteria": {"obs_collection": "JWST", "instrument_name": "MIRI/IMAGE"},
        },
    }

    collection = fields.String(
        validate=validate.OneOf(["observations"]),
        metadata={"description": "What to search; the default is the only one"},
    )
    target = fields.String(
        allow_none=True,
        validate=validate.Length(1, 300),
        metadata={
            "format": "portal-target",
            "description": "As in the MAST Portal: a name or coordinates, then perhaps a radius in s, m or d. "
            "`m57 r=1m`, `283.396 33.029 r=30s`, `18:53:35.1 +33:01:45`. Without radius: 3 arcminutes.",
        },
    )
    criteria = fields.Nested(Criteria)
    label = fields.String(allow_none=True, validate=LABEL, metadata={"description": "A name of your own"})


class ColumnFacts(Answer):
    """One column of the rows."""

    name = fields.String()
    type = fields.String(metadata={"description": "string, int, float or boolean"})
    unit = fields.String(allow_none=True)
    description = fields.String(allow_none=True)


class SearchFacts(Answer):
    """What came of a search."""

    count = fields.Integer(metadata={"description": "Rows"})
    columns = fields.List(fields.Nested(ColumnFacts))
    notes = fields.List(fields.String(), metadata={"description": "What was understood more widely, and hints"})
    resolved = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata={"description": "Where the target lies: target, ra, dec and radius in degrees (ICRS), resolver"},
    )
    api = fields.String(allow_none=True, metadata={"description": "Which of MAST's services was asked"})
    as_of = fields.String(allow_none=True, metadata={"format": "date-time", "description": "When MAST was asked"})
    truncated = fields.Boolean(metadata={"description": "Whether MAST had more than it gave"})


class SearchDocument(JobDocument):
    """A job with what came of it; `search` is null until it is COMPLETED."""

    json_schema: ClassVar[dict[str, Any]] = {"example": examples.SEARCH}

    search = fields.Nested(SearchFacts, allow_none=True)
