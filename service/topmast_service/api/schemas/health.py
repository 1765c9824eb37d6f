"""Health."""

from __future__ import annotations

from marshmallow import fields

from topmast_service.api.schemas.fields import Answer
from topmast_service.api.schemas.quotas import MyQuotas


class Health(Answer):
    """All is well."""

    status = fields.String(metadata={"example": "ok"})


class Me(Answer):
    """Who the key belongs to."""

    name = fields.String()
    email = fields.String(metadata={"description": "Where notices go unless a request says otherwise; may be empty"})
    role = fields.String()
    quotas = fields.Nested(MyQuotas)
