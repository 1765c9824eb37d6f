"""What can be searched, and by what."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Answer, Moment
from topmast_service.domain.forms import INSTRUMENTS, OPERATORS

FROM = ("shipped", "mast")
_AS_OF = "When MAST described them; of shipped ones, when they were gone over last"

_LINKS = {"self": "/v1/collections/wavefront", "search": "/v1/searches", "keywords": "/v1/keywords"}
_FACTS: dict[str, Any] = {
    "name": "wavefront",
    "title": "JWST wavefront sensing: OPD maps",
    "about": "The products of wavefront sensing and control, by date and aperture.",
    "target": False,
    "expands": [],
    "columns_from": "mast",
    "columns_as_of": "2026-07-01T12:00:02.000Z",
    "links": _LINKS,
}
_COLUMN: dict[str, Any] = {
    "name": "date_obs",
    "type": "date",
    "unit": "",
    "description": "Start of the exposure, UTC",
    "ucd": "",
    "many": False,
    "operators": ["value", "range", "not", "null"],
    "services": [],
    "values": [],
}
_SOURCE = {"service": "wss", "columns_from": "mast", "as_of": "2026-07-01T12:00:02.000Z"}


class CollectionSummary(Answer):
    """One collection, in short."""

    name = fields.String()
    title = fields.String()
    about = fields.String(metadata={"description": "What it finds, and what to know about it"})
    target = fields.Boolean(metadata={"description": "Whether a search takes a place on the sky"})
    expands = fields.List(fields.String(), metadata={"description": "What `expand` may turn the rows into"})
    columns_from = fields.String(
        validate=validate.OneOf(FROM),
        metadata={"description": "Whether all its columns are as MAST describes them, or as shipped with topmast"},
    )
    columns_as_of = Moment(metadata={"description": _AS_OF})
    links = fields.Dict(keys=fields.String(), values=fields.String())


class CollectionList(Answer):
    """All collections."""

    json_schema: ClassVar[dict[str, Any]] = {"example": {"items": [_FACTS]}}

    items = fields.List(fields.Nested(CollectionSummary))


class FormColumn(Answer):
    """One column that a criterion may name."""

    name = fields.String()
    type = fields.String(
        metadata={"description": "string, int, float, boolean, date (RFC 3339, UTC) or flag (a FITS logical, t or f)"}
    )
    unit = fields.String(metadata={"description": "VOUnit; empty: none, or unknown"})
    description = fields.String()
    ucd = fields.String(metadata={"description": "What kind of quantity it is (IVOA UCD1+), where known"})
    many = fields.Boolean(metadata={"description": "Whether a cell holds several values, split by `;`"})
    operators = fields.List(
        fields.String(validate=validate.OneOf(OPERATORS)),
        metadata={
            "description": 'What its criterion may be: `value`, `wildcard` (`"v*"`), `list` (`["a", "b"]`, any of '
            'them), `range` (`{"min": …, "max": …}`), `not` (`{"not": …}`), `null` (is empty)'
        },
    )
    services = fields.List(
        fields.String(validate=validate.OneOf(list(INSTRUMENTS))),
        metadata={"description": "Instruments whose files have it; empty where a collection is one"},
    )
    values = fields.List(fields.String(), metadata={"description": "What it may be, where that is known"})


class ColumnSource(Answer):
    """Who described columns, and when."""

    service = fields.String(metadata={"description": "observations, an instrument, or wss"})
    columns_from = fields.String(validate=validate.OneOf(FROM))
    as_of = Moment(metadata={"description": _AS_OF})


class CollectionDocument(CollectionSummary):
    """One collection: its form."""

    json_schema: ClassVar[dict[str, Any]] = {
        "example": _FACTS
        | {
            "needs": [],
            "choices": {},
            "key": "dataURI",
            "examples": [{"collection": "wavefront", "criteria": {"ap_type": "OPD"}}],
            "columns": [_COLUMN],
            "sources": [_SOURCE],
        }
    }

    needs = fields.List(fields.String(), metadata={"description": "Columns that must have a criterion"})
    choices = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "Columns that choose from a few names, which alone find nothing"},
    )
    key = fields.String(metadata={"description": "The column that names a row; empty: none does"})
    examples = fields.List(
        fields.Dict(keys=fields.String()), metadata={"description": "Bodies for `POST /v1/searches`"}
    )
    columns = fields.List(fields.Nested(FormColumn))
    sources = fields.List(fields.Nested(ColumnSource), metadata={"description": "Each of MAST's services, by itself"})
