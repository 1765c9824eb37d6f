"""Pages of rows and folders."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas import examples
from topmast_service.api.schemas.fields import Answer, Described
from topmast_service.domain import access

ACCESS = [access.PUBLIC, access.EXCLUSIVE, access.PLANNED, access.RESTRICTED, access.UNKNOWN]


ROW: dict[str, Any] = {
    "type": "object",
    "description": "One row: MAST's columns, unchanged, beside these. Rows that stand for no data (programs, "
    "mnemonics) have no access.",
    "properties": {
        "_row": {"type": "integer", "minimum": 1, "description": "The row's id within this result"},
        "access": {"type": "string", "enum": ACCESS, "description": "Who may have its data"},
        "release": {"type": ["string", "null"], "format": "date-time", "description": "Until when, if exclusive"},
    },
    "required": ["_row"],
    "additionalProperties": True,
}

MANIFEST_ITEM: dict[str, Any] = {
    "type": "object",
    "description": "One requested file, delivered or not.",
    "properties": {
        "_row": {"type": "integer", "minimum": 1, "description": "The row's id within this manifest"},
        "dataURI": {"type": "string"},
        "path": {"type": "string", "description": "Where it lies in the box"},
        "access": {"type": "string", "description": "Who might have it when the bundle was made"},
        "status": {"type": "string", "description": "OK, FAILED, WITHHELD or EXCLUDED"},
        "reason": {"type": "string", "description": "Why: ok, cached, not_authorized until …, missing_on_server …"},
        "size": {"type": ["integer", "null"], "description": "Bytes"},
        "sha256": {"type": "string"},
    },
    "required": ["_row"],
    "additionalProperties": True,
}


class _Page(Answer):
    next = fields.String(allow_none=True, metadata={"description": "Cursor of the next page; null on the last"})
    total = fields.Integer(metadata={"description": "Rows that fit `where`, on all pages"})
    truncated = fields.Boolean(metadata={"description": "Whether MAST had more than it gave"})
    as_of = fields.String(allow_none=True, metadata={"format": "date-time", "description": "When MAST was asked"})
    stale = fields.Boolean(metadata={"description": "Whether a newer answer could not be had"})


class RowPage(_Page):
    """Some rows of a search."""

    json_schema: ClassVar[dict[str, Any]] = {"example": examples.ROWS}

    items = fields.List(Described("Row"))
    notes = fields.List(fields.String(), metadata={"description": "What to know about these rows"})


class ProductPage(_Page):
    """Some products of a bundle or plan."""

    items = fields.List(Described("Row"))


class ManifestPage(_Page):
    """Some rows of a manifest."""

    json_schema: ClassVar[dict[str, Any]] = {"example": examples.MANIFEST}

    items = fields.List(Described("ManifestItem"))


class FolderEntry(Answer):
    """One line of a folder."""

    name = fields.String()
    path = fields.String(metadata={"description": "From the top of the box"})
    type = fields.String(validate=validate.OneOf(["file", "folder"]))
    size = fields.Integer(allow_none=True, metadata={"description": "Bytes; null for a folder"})
    sha256 = fields.String(allow_none=True, metadata={"description": "Of a product; null for folders"})


class Folder(Answer):
    """What is in a folder of a box."""

    json_schema: ClassVar[dict[str, Any]] = {"example": examples.FOLDER}

    items = fields.List(fields.Nested(FolderEntry))
