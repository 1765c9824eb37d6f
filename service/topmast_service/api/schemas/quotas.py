"""What users may have, and have."""

from __future__ import annotations

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Answer, Request


class Limited(Answer):
    """One limit and how much of it is used."""

    limit = fields.Integer(allow_none=True, metadata={"description": "null: any"})
    used = fields.Integer()


class MyQuotas(Answer):
    """What you may have at once."""

    open_jobs = fields.Nested(Limited, metadata={"description": "Jobs that have not ended"})
    staged_bytes = fields.Nested(
        Limited, metadata={"description": "Bytes in your bundles, those on their way among them"}
    )
    requests_per_minute = fields.Nested(Limited)


class UsageQuery(Request):
    """By whom, or by what."""

    by = fields.String(
        load_default="user",
        validate=validate.OneOf(["user", "program"]),
        metadata={"description": "Whose sums, or of what"},
    )


class Holding(Answer):
    """What one user has, or what of one program is staged; members of the other kind are null."""

    user = fields.String(allow_none=True)
    program = fields.String(
        allow_none=True, metadata={"description": "As file names tell it; `other`: names that tell none"}
    )
    jobs = fields.Integer(allow_none=True)
    open_jobs = fields.Integer(allow_none=True)
    bundles = fields.Integer(metadata={"description": "Staged ones"})
    files = fields.Integer(metadata={"description": "In these bundles; one in two of them counts twice"})
    staged_bytes = fields.Integer()


class Usage(Answer):
    """The largest first."""

    items = fields.List(fields.Nested(Holding))
