"""Files that can be fetched before their bundle is published."""

from __future__ import annotations

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Answer, QueryNumber, Request


class ArrivalsQuery(Request):
    """Which of them."""

    after = QueryNumber(
        load_default=0,
        validate=validate.Range(0, 2**53),
        metadata={"description": "How many you know: `next` of the answer before", "default": 0, "example": 0},
    )
    limit = QueryNumber(
        load_default=100,
        validate=validate.Range(1, 1000),
        metadata={"description": "Most items in an answer", "default": 100, "example": 50},
    )


class Arrival(Answer):
    """A verified file."""

    _row = fields.Integer(metadata={"description": "The row's id among the bundle's products"})
    path = fields.String(metadata={"description": "Where it will lie in the box, and can be fetched now"})
    dataURI = fields.String()  # noqa: N815 - MAST's column name
    size = fields.Integer(metadata={"description": "Bytes"})
    sha256 = fields.String()


class ArrivalsPage(Answer):
    """What arrived since."""

    items = fields.List(fields.Nested(Arrival))
    next = fields.Integer(metadata={"description": "`after` of the next question"})
    final = fields.Boolean(metadata={"description": "Whether nothing more will come"})
