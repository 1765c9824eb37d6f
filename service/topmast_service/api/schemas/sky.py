"""Footprints as JSON."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Answer, Request
from topmast_service.api.schemas.parameters import RowQuery
from topmast_service.api.schemas.rows import ACCESS

_FORMAT = fields.String(
    validate=validate.OneOf(["json", "png"]),
    metadata={"description": "Instead of Accept. A png is always whole: only `where` goes with it"},
)
_OF_ROWS = {name: RowQuery._declared_fields[name] for name in ("where", "limit", "cursor")}

SkyQuery = Request.from_dict({**_OF_ROWS, "format": _FORMAT}, name="SkyQuery")


class SkyPoint(Answer):
    """A place on the sky, in degrees (ICRS)."""

    ra = fields.Float(metadata={"description": "Right ascension, 0 ≤ ra < 360"})
    dec = fields.Float(metadata={"description": "Declination"})


class SkyTarget(SkyPoint):
    """The cone that was searched."""

    radius = fields.Float(metadata={"description": "Degrees"})


class SkyShape(Answer):
    """A polygon or a circle."""

    type = fields.String(validate=validate.OneOf(["polygon", "circle"]))
    points = fields.List(
        fields.List(fields.Float(), validate=validate.Length(2, 2)),
        metadata={
            "description": "Corners of a polygon, `[ra, dec]` in degrees, not closed, joined by great circles; the "
            "one middle of a circle"
        },
    )
    radius = fields.Float(allow_none=True, metadata={"description": "Of a circle, in degrees; null for a polygon"})


class SkyItem(Answer):
    """Where one row looked."""

    _row = fields.Integer(metadata={"description": "The row's id within this result"})
    obs_id = fields.String(allow_none=True, metadata={"description": "Its name: obs_id, or the file's"})
    access = fields.String(validate=validate.OneOf(ACCESS), metadata={"description": "Who may have its data"})
    position = fields.Nested(SkyPoint, allow_none=True, metadata={"description": "Where its target lies, if told"})
    moving = fields.Boolean(metadata={"description": "Whether its target moves: the footprint is that of a moment"})
    shapes = fields.List(
        fields.Nested(SkyShape), allow_none=True, metadata={"description": "Its footprint; null if there is none"}
    )
    capped = fields.Boolean(metadata={"description": "Whether it has more shapes or corners than these"})
    unreadable = fields.Boolean(metadata={"description": "Whether it has an s_region that cannot be read"})


_EXAMPLE: dict[str, Any] = {
    "target": {"ra": 283.3962, "dec": 33.0291, "radius": 0.01667},
    "center": {"ra": 283.3962, "dec": 33.0291},
    "extent_deg": 0.0412,
    "items": [
        {
            "_row": 1,
            "obs_id": "jw01558-o001_t001_miri_f1000w",
            "access": "public",
            "position": {"ra": 283.3962, "dec": 33.0291},
            "moving": False,
            "shapes": [
                {
                    "type": "polygon",
                    "points": [[283.37, 33.01], [283.41, 33.01], [283.41, 33.04], [283.37, 33.04]],
                    "radius": None,
                }
            ],
            "capped": False,
            "unreadable": False,
        }
    ],
    "without_coordinates": 0,
    "next": None,
    "total": 1,
    "truncated": False,
    "as_of": "2026-07-01T12:00:02Z",
    "stale": False,
}


class SkyPage(Answer):
    """Footprints of some rows of a search."""

    json_schema: ClassVar[dict[str, Any]] = {"example": _EXAMPLE}

    target = fields.Nested(SkyTarget, allow_none=True, metadata={"description": "Null: searched without a target"})
    center = fields.Nested(
        SkyPoint, allow_none=True, metadata={"description": "The target, else the middle of what this page shows"}
    )
    extent_deg = fields.Float(
        allow_none=True, metadata={"description": "Diameter of the circle about the center that holds this page"}
    )
    items = fields.List(fields.Nested(SkyItem))
    without_coordinates = fields.Integer(
        metadata={"description": "Rows with neither a position nor a footprint, on all pages"}
    )
    next = fields.String(allow_none=True, metadata={"description": "Cursor of the next page; null on the last"})
    total = fields.Integer(metadata={"description": "Rows that fit `where`, on all pages"})
    truncated = fields.Boolean(metadata={"description": "Whether MAST had more than it gave"})
    as_of = fields.String(allow_none=True, metadata={"format": "date-time", "description": "When MAST was asked"})
    stale = fields.Boolean(metadata={"description": "Whether a newer answer could not be had"})
