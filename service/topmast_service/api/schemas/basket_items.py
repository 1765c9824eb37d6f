"""What lies in a basket: what is asked for, put in and chosen, and how it is shown."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas import parameters
from topmast_service.api.schemas.fields import Described, Moment, Pattern, Request, Truth
from topmast_service.api.schemas.rows import ROW, RowPage
from topmast_service.domain.rows import MAX_WHERE
from topmast_service.store.basket_tree import KINDS

LONGEST_CONDITION = 4000
"""Characters; `_row:in:` with some hundred rows that somebody ticked by hand."""

_WORD = Pattern(r"[!-~]{1,200}", "1 to 200 visible ASCII characters.")
_URI = Pattern(r"mast:[A-Za-z0-9_-]{1,40}/[!-~]{1,480}", "A dataURI as mast:JWST/product/…")
_MNEMONIC = Pattern(r"[A-Za-z0-9_]{1,64}", "A mnemonic has letters, digits and _.")


NODE: dict[str, Any] = {
    "type": "object",
    "description": "One name of the tree, and what lies under it.",
    "properties": {
        "name": {"type": "string"},
        "path": {"type": "string", "description": "As `parent` takes it"},
        "kind": {"type": "string", "enum": list(KINDS)},
        "count": {"type": "integer", "description": "Files, of those that fit `where`"},
        "bytes": {"type": "integer"},
        "ticked": {"type": "integer", "description": "Of these files, those that are ticked"},
        "ticked_bytes": {"type": "integer"},
        "barred": {"type": "integer", "description": "Of these files, those that cannot be staged"},
        "listed": {"type": "integer", "description": "Rows of MAST's lists that they were, duplicates included"},
        "where": {"type": "array", "items": {"type": "string"}, "description": "Conditions that choose exactly these"},
        "_row": {"type": "integer", "description": "Of a file"},
        "dataURI": {"type": "string", "description": "Of a file"},
        "why_not": {"type": ["string", "null"], "description": "Of a file: why it cannot be staged"},
    },
    "required": ["name", "path", "kind", "count", "bytes", "ticked", "ticked_bytes", "barred", "listed", "where"],
    "additionalProperties": True,
}
ITEM: dict[str, Any] = {
    **ROW,
    "description": "One file of a basket: MAST's columns of a product, unchanged, beside these.",
    "properties": {
        **ROW["properties"],
        "ticked": {"type": "boolean", "description": "Whether it is submitted with the basket"},
        "why_not": {"type": ["string", "null"], "description": "Why it cannot be staged, nor ticked; null if it can"},
        "extension": {"type": "string"},
        "guide_star": {"type": "boolean"},
    },
    "required": ["_row", "ticked", "why_not"],
}
ENTRY: dict[str, Any] = {
    "description": "A file, or with `parent` a node of the tree.",
    "anyOf": [{"$ref": "#/components/schemas/BasketItem"}, {"$ref": "#/components/schemas/BasketNode"}],
}


def item_where() -> fields.Field[Any]:
    """`where`, with room for the rows that somebody chose by hand."""
    found = parameters.of_table("item", ["productType:eq:SCIENCE", "extension:eq:fits"])["where"]
    found.inner = fields.String(  # type: ignore[attr-defined]
        validate=validate.Length(max=LONGEST_CONDITION),
        metadata={"description": "A condition", "format": "item-condition"},
    )
    return found


class Series(Request):
    """The samples of one mnemonic, from `start` to `end`."""

    mnemonic = fields.String(required=True, validate=_MNEMONIC, metadata={"example": "SA_ZADUCMDX"})
    start = Moment(required=True, metadata={"example": "2022-02-01T00:00:00Z"})
    end = Moment(required=True, metadata={"example": "2022-02-02T00:00:00Z"})


class ItemSource(Request):
    """Exactly one of these."""

    json_schema: ClassVar[dict[str, Any]] = {"minProperties": 1, "maxProperties": 1}

    search = fields.String(
        metadata={
            "pattern": "^s_[0-9a-f]{16}$",
            "description": "Id of a finished search: its rows' files, or the files of the observations that they are",
        }
    )
    observations = fields.List(
        fields.String(validate=_WORD),
        validate=validate.Length(max=10_000),
        metadata={"minItems": 1, "description": "obs_ids or obsids"},
    )
    uris = fields.List(
        fields.String(validate=_URI),
        validate=validate.Length(max=50_000),
        metadata={"minItems": 1, "description": "dataURIs, of any mission"},
    )
    series = fields.List(
        fields.Nested(Series),
        validate=validate.Length(max=100),
        metadata={"minItems": 1, "description": "Engineering data"},
    )


class ItemsRequest(Request):
    """What to put into a basket."""

    json_schema: ClassVar[dict[str, Any]] = {
        "example": {"from": {"search": "s_0123456789abcdef"}, "where": ["calib_level:ge:2"]}
    }

    from_ = fields.Nested(ItemSource, data_key="from", attribute="from", required=True)
    where = fields.List(
        fields.String(validate=validate.Length(max=300), metadata={"format": "observation-condition"}),
        validate=validate.Length(max=MAX_WHERE),
        metadata={"description": "Of a search: only the rows that fit, as in `listRows`"},
    )


class TickRequest(Request):
    """Tick or untick."""

    ticked = Truth(required=True)


class ChosenQuery(Request):
    """Which items; all without a condition."""

    where = item_where()


ItemsQuery = Request.from_dict(
    {
        **parameters.of_table("item", ["size:gt:1000000"]),
        "where": item_where(),
        "parent": fields.String(
            validate=validate.Length(max=300),
            metadata={
                "description": "A part of the tree instead of rows: empty for missions, `JWST` for its observations, "
                "`JWST/<obs_id>` for its files; by name, so that `sort` and `columns` do not go with it",
                "example": "JWST",
            },
        ),
    },
    name="ItemsQuery",
)


class ItemPage(RowPage):
    """Some of a basket's files, or with `parent` of the nodes of its tree."""

    json_schema: ClassVar[dict[str, Any]] = {}

    items = fields.List(Described("BasketEntry"))
