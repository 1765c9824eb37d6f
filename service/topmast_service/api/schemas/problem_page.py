"""Kinds of problems."""

from __future__ import annotations

from marshmallow import fields

from topmast_service.api.schemas.fields import Answer


class ProblemKind(Answer):
    """One kind of problem."""

    code = fields.String()
    title = fields.String()
    status = fields.Integer(metadata={"description": "The HTTP status it comes with"})
    kind = fields.String(
        metadata={"description": "Who must act: usage, denied, not_found, conflict, busy, upstream, fatal"}
    )
    hint = fields.String(metadata={"description": "One thing to try"})


class ProblemKinds(Answer):
    """All kinds of problems."""

    items = fields.List(fields.Nested(ProblemKind))
