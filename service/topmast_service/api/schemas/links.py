"""Links that open a part of a box without a key."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Answer, Moment, Request
from topmast_service.api.schemas.rows import FolderEntry

_SIGNATURE = "AQAAAwCrze8BI0VnAAAAAGpF8wBcXJ2yqW5q1mH0Yw8m3pQz5m8dT5cK0r4vJtXbN2uS7g"


class LinkRequest(Request):
    """What is to be opened; nothing said: the whole box, folder by folder."""

    json_schema: ClassVar[dict[str, Any]] = {"example": {"path": "JWST"}}

    path = fields.String(
        load_default="",
        validate=validate.Length(max=1000),
        metadata={"description": "A file, or a folder with everything below it, from the top of the box"},
    )
    until = Moment(
        metadata={
            "description": "When it ends, not after the bundle; a week from now, or the bundle's end, unless given",
            "example": "2026-07-08T12:00:00Z",
        }
    )
    archive = fields.String(
        validate=validate.OneOf(["zip", "tar"]),
        metadata={"description": "The whole box as one archive; `path` is left out then"},
    )


class LinkDocument(Answer):
    """A link; whoever has it needs no key."""

    url = fields.String(metadata={"format": "uri", "description": "Absolute"})
    until = Moment(metadata={"description": "When it ends"})
    path = fields.String(metadata={"description": "What it opens, from the top of the box; empty: the whole box"})
    archive = fields.String(allow_none=True, metadata={"description": "zip or tar, if it opens an archive"})


class LinkedEntry(FolderEntry):
    """One line of a folder behind a link."""

    link = fields.String(
        allow_none=True,
        metadata={"format": "uri-reference", "description": "Its address; null for a file that no link opens"},
    )


class LinkedFolder(Answer):
    """What is in a folder behind a link."""

    json_schema: ClassVar[dict[str, Any]] = {
        "example": {
            "items": [
                {
                    "name": "JWST", "path": "JWST", "type": "folder", "size": None, "sha256": None,
                    "link": f"/d/{_SIGNATURE}/JWST/",
                },
            ]
        }
    }  # fmt: skip

    items = fields.List(fields.Nested(LinkedEntry))


SIGNATURE = {
    "in": "path",
    "name": "signature",
    "description": "What makes the link; it is made by `POST /v1/bundles/{id}/links`",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{70}$"},
    "example": _SIGNATURE,
}
