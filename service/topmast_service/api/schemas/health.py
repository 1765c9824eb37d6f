"""Health."""

from __future__ import annotations

from marshmallow import fields

from topmast_service.api.schemas.fields import Answer


class Health(Answer):
    """All is well."""

    status = fields.String(metadata={"example": "ok"})
