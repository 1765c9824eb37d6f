"""What a basket is asked, and what it says."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas.basket_items import item_where
from topmast_service.api.schemas.facets import FacetQuery
from topmast_service.api.schemas.fields import Answer, Moment, Pattern, Request
from topmast_service.domain.basket import FACETS, KEEP, MOST_NAME

_ID = "k_5d1f0c9a7b3e2468"
_NAME = Pattern(rf"[^\u0000-\u001f\u007f-\u009f]{{1,{MOST_NAME}}}", f"1 to {MOST_NAME} characters, no control ones.")

_SUMS = {"count": 654, "bytes": 151_000_000, "ticked": 2, "ticked_bytes": 6_000_000, "barred": 0, "listed": 7496}
BASKET: dict[str, Any] = {
    "id": _ID,
    "name": "ring nebula",
    "owner": "ann",
    "version": 5,
    "created": "2026-07-01T12:00:00.000Z",
    "changed": "2026-07-01T12:05:00.000Z",
    "destruction": "2027-07-01T12:05:00.000Z",
    "totals": _SUMS,
    "missions": [{"name": "JWST", **_SUMS}],
    "links": {
        "self": f"/v1/baskets/{_ID}",
        "items": f"/v1/baskets/{_ID}/items",
        "facets": f"/v1/baskets/{_ID}/facets",
    },
}


class BasketName(Request):
    """A name; no two of a user's baskets have the same."""

    name = fields.String(required=True, validate=_NAME, metadata={"example": "ring nebula"})


class BasketFacetQuery(Request):
    """Which facets, of which items."""

    where = item_where()
    columns = fields.String(
        validate=validate.Length(max=1000),
        metadata={
            "description": f"Facets to count, split by commas; by default {', '.join(FACETS)}",
            "format": "item-columns",
            "example": "productType,extension,size",
        },
    )
    bins = FacetQuery().fields["bins"]


class BasketTotals(Answer):
    """How many files, and their bytes as MAST lists them."""

    count = fields.Integer()
    bytes = fields.Integer()
    ticked = fields.Integer(metadata={"description": "Of these files, those that are ticked"})
    ticked_bytes = fields.Integer()
    barred = fields.Integer(metadata={"description": "Of these files, those that cannot be staged"})
    listed = fields.Integer(metadata={"description": "Rows of MAST's lists that they were, duplicates included"})


class MissionTotals(BasketTotals):
    """The same of one mission."""

    name = fields.String()


class BasketDocument(Answer):
    """A basket."""

    json_schema: ClassVar[dict[str, Any]] = {"example": BASKET}

    id = fields.String()
    name = fields.String()
    owner = fields.String()
    version = fields.Integer(metadata={"description": "Grows with every change, also of what is in it: the ETag"})
    created = Moment()
    changed = Moment()
    destruction = Moment(metadata={"description": f"When it is removed: {KEEP.days} days after its last change"})
    totals = fields.Nested(BasketTotals)
    missions = fields.List(fields.Nested(MissionTotals), metadata={"description": "The top of the tree, by name"})
    links = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"description": "Where to go on"})


class BasketList(Answer):
    """All baskets, those changed last first."""

    items = fields.List(fields.Nested(BasketDocument))


class ItemsChanged(Answer):
    """What came of a change, and the basket as it is after it."""

    count = fields.Integer(metadata={"description": "Files added, ticked, unticked or removed"})
    barred = fields.Integer(metadata={"description": "Files added that cannot be staged; or left unticked for that"})
    basket = fields.Nested(BasketDocument)
