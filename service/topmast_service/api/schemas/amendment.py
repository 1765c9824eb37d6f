"""What can be changed of a job."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from topmast_service.api.schemas.bundle import Notify
from topmast_service.api.schemas.fields import Moment, Request
from topmast_service.api.schemas.search import LABEL


class Amendment(Request):
    """At least one of these."""

    json_schema: ClassVar[dict[str, Any]] = {"minProperties": 1, "example": {"label": "ring nebula"}}

    label = fields.String(allow_none=True, validate=LABEL, metadata={"description": "A name of your own; null: none"})
    destruction = Moment(metadata={"description": "When the files are to go, within this topmast's limit"})
    notify = fields.List(
        fields.Nested(Notify),
        validate=validate.Length(max=20),
        metadata={"description": "Who is told of the end, instead of those before; of a bundle that has not ended"},
    )

    @validates_schema
    def _check_some(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Give at least one of label, destruction, notify.")
