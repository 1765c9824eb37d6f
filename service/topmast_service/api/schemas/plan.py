"""What a plan says: what is here, what is to come, what would be missing."""

from __future__ import annotations

from marshmallow import fields

from topmast_service.api.schemas.fields import Answer


class Some(Answer):
    """Files and their bytes, as the catalogue says."""

    files = fields.Integer()
    bytes = fields.Integer()


class Exclusive(Some):
    """Files that only their program may have, until their release."""

    release = fields.String(allow_none=True, metadata={"format": "date", "description": "null: nobody says"})


class Seconds(Answer):
    """How long the files to come would take, by what bundles of this installation took lately."""

    earliest = fields.Float()
    latest = fields.Float()


class Room(Answer):
    """Bytes on the disk where the data are kept; `free` is what may still be written."""

    needed = fields.Integer()
    free = fields.Integer()
    fits = fields.Boolean()


class PlanQuota(Answer):
    """Bytes that you may have staged, and have; the bundle's, and whether they fit."""

    limit = fields.Integer(allow_none=True, metadata={"description": "null: any"})
    used = fields.Integer()
    needed = fields.Integer()
    fits = fields.Boolean()


class PlanFacts(Answer):
    """What the bundle would cost now."""

    cached = fields.Nested(Some, metadata={"description": "Here already, and fresh"})
    to_fetch = fields.Nested(Some)
    size_unknown = fields.Integer(metadata={"description": "Files whose size nobody tells; they count as 0 bytes"})
    exclusive = fields.List(fields.Nested(Exclusive))
    seconds = fields.Nested(Seconds, allow_none=True, metadata={"description": "null while nothing was fetched yet"})
    disk = fields.Nested(Room)
    quota = fields.Nested(PlanQuota, allow_none=True, metadata={"description": "null in plans of an earlier release"})


class MissingThing(Answer):
    """One thing that the pipeline would miss."""

    kind = fields.String(metadata={"description": "member, segment, detector or dither"})
    what = fields.String()
    of = fields.String(metadata={"description": "The association or exposure that it is missing from"})


class Completeness(Answer):
    """Whether everything is there that the associations name and their pools count."""

    associations = fields.Integer(metadata={"description": "Read, of the newest generation"})
    members = fields.Integer()
    missing_count = fields.Integer()
    missing = fields.List(fields.Nested(MissingThing), metadata={"description": "The first 200"})
    unread = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "Associations and pools, and why"}
    )


class ReferenceFacts(Answer):
    """Reference files that were added."""

    contexts = fields.List(fields.String(), metadata={"example": ["jwst_1464.pmap"]})
    files = fields.Integer()
    mappings = fields.Integer()
    unread = fields.Integer(metadata={"description": "Products and mappings that could not be read"})
    not_named = fields.List(
        fields.String(),
        metadata={"description": "Types that no keyword names: a run of the pipeline may still want them from CRDS"},
    )
