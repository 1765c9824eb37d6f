"""RFC 9457, as every error leaves."""

from __future__ import annotations

from marshmallow import fields

from topmast_service.api.schemas.fields import Answer


class Offence(Answer):
    """One member of a request that cannot be accepted."""

    pointer = fields.String(metadata={"description": "JSON Pointer into the body, or the parameter's name"})
    detail = fields.String(metadata={"description": "What is wrong with it"})
    suggestions = fields.List(fields.String(), metadata={"description": "What may have been meant"})


class Problem(Answer):
    """What went wrong, and one thing to try."""

    type = fields.String(metadata={"format": "uri-reference", "description": "A page about this kind of problem"})
    title = fields.String(metadata={"description": "The kind of problem, in words"})
    status = fields.Integer(metadata={"description": "The HTTP status"})
    detail = fields.String(metadata={"description": "What happened this time"})
    code = fields.String(metadata={"description": "What programs match on; never changes once released"})
    hint = fields.String(metadata={"description": "One thing to try"})
    request_id = fields.String(metadata={"description": "What to tell whoever runs this topmast"})
    errors = fields.List(fields.Nested(Offence), metadata={"description": "One entry per offending member"})
