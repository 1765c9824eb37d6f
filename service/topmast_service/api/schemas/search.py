"""What a search is asked, and what it says."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from topmast_service.api.schemas import examples, forms
from topmast_service.api.schemas.criteria import CriterionField
from topmast_service.api.schemas.fields import Answer, Pattern, Request, Truth, WholeNumber
from topmast_service.api.schemas.job import JobDocument
from topmast_service.domain.forms import FORMS

LABEL = Pattern(r"[^\u0000-\u001f\u007f-\u009f]{0,200}", "At most 200 characters, no control characters.")


LONGEST_AGE = 30 * 24 * 3600


class SearchRequest(Request):
    """What to search a collection for. `GET /v1/collections/{name}` describes each form in full."""

    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in forms.COMPONENTS.values()],
        "example": {
            "collection": "observations",
            "target": "m57 r=1m",
            "criteria": {"obs_collection": "JWST", "instrument_name": "MIRI/IMAGE"},
        },
    }

    collection = fields.String(
        validate=validate.OneOf(list(FORMS)), metadata={"description": "What to search; observations by default"}
    )
    target = fields.String(
        allow_none=True,
        validate=validate.Length(1, 300),
        metadata={
            "format": "portal-target",
            "description": "As in the MAST Portal: a name or coordinates, then perhaps a radius in s, m or d. "
            "`m57 r=1m`, `283.396 33.029 r=30s`, `18:53:35.1 +33:01:45`, `gal 63.17 13.98`. Without "
            "radius: 3 arcminutes, which the answer says.",
        },
    )
    criteria = fields.Dict(
        keys=fields.String(),
        metadata={"description": "One criterion per column of the collection's form; all of them must hold."},
    )
    expand = fields.String(
        allow_none=True,
        validate=validate.OneOf(sorted({name for form in FORMS.values() for name in form.expands})),
        metadata={"description": "What the rows are turned into; which collection takes what, its form says"},
    )
    count_only = Truth(metadata={"description": "Only how many rows there are"})
    max_age = WholeNumber(
        validate=validate.Range(0, LONGEST_AGE),
        metadata={"description": "Seconds: an answer to the same question that is not older will do. 0: ask MAST"},
    )
    label = fields.String(allow_none=True, validate=LABEL, metadata={"description": "A name of your own"})

    @validates_schema
    def _check_shapes(self, data: dict[str, Any], **_: Any) -> None:
        """Shapes only: names and values are read by the rules, which know the nearest ones."""
        columns = FORMS[data.get("collection", "observations")].columns
        wrong = {}
        for name, value in data.get("criteria", {}).items():
            try:
                CriterionField(columns[name]).deserialize(value) if name in columns else None
            except ValidationError as error:
                wrong[name] = error.messages
        if wrong:
            raise ValidationError({"criteria": wrong})


class ColumnFacts(Answer):
    """One column of the rows."""

    name = fields.String()
    type = fields.String(metadata={"description": "string, int, float or boolean"})
    unit = fields.String(allow_none=True)
    description = fields.String(allow_none=True)


class SeriesFacts(Answer):
    """One mnemonic of a search of engineering samples."""

    mnemonic = fields.String()
    unit = fields.String(allow_none=True, metadata={"description": "Unit of its values"})
    description = fields.String(allow_none=True)
    samples = fields.Integer(metadata={"description": "Rows within the interval"})
    before = fields.Integer(metadata={"description": "1 if there is a sample before the interval, marked so; else 0"})
    after = fields.Integer(metadata={"description": "Likewise after it"})
    uris = fields.List(fields.String(), metadata={"description": "The dataURIs asked: `from.uris` of a bundle"})


class ProductsFacts(Answer):
    """How many files the chosen rows have: listed = unique + duplicates."""

    observations = fields.Integer(metadata={"description": "Observations whose files were listed"})
    listed = fields.Integer(metadata={"description": "Rows of MAST's lists"})
    duplicates = fields.Integer(metadata={"description": "Those that came before"})
    unique = fields.Integer(metadata={"description": "Files: the rows of this search"})
    guide_stars = fields.Integer(metadata={"description": "Of these, those of guide stars"})
    bytes = fields.Integer(metadata={"description": "Together, as MAST lists their sizes"})


class UnmatchedFacts(Answer):
    """Files that `expand` could not turn into observations."""

    count = fields.Integer(metadata={"description": "How many files"})
    names = fields.List(
        fields.String(), metadata={"description": "What was sought for them, by obs_id (or visit); 100 at most"}
    )


class Hint(Answer):
    """Another search that would have found something; MAST was asked how much."""

    says = fields.String(metadata={"description": "What is different about it"})
    count = fields.Integer(metadata={"description": "Rows"})
    request = fields.Dict(keys=fields.String(), metadata={"description": "As it is sent to `POST /v1/searches`"})


class SearchFacts(Answer):
    """What came of a search."""

    count = fields.Integer(metadata={"description": "Rows"})
    columns = fields.List(fields.Nested(ColumnFacts))
    notes = fields.List(fields.String(), metadata={"description": "What was understood more widely, and hints"})
    hints = fields.List(
        fields.Nested(Hint), metadata={"description": "Where nothing was found: what would be, also among the notes"}
    )
    resolved = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata={"description": "Where the target lies: target, ra, dec and radius in degrees (ICRS), resolver"},
    )
    api = fields.String(allow_none=True, metadata={"description": "Which of MAST's services was asked"})
    as_of = fields.String(allow_none=True, metadata={"format": "date-time", "description": "When MAST was asked"})
    truncated = fields.Boolean(metadata={"description": "Whether MAST had more than it gave"})
    truncated_because = fields.String(allow_none=True, metadata={"description": "Why, if so"})
    counted_only = fields.Boolean(metadata={"description": "Whether only the count was asked for: there are no rows"})
    series = fields.List(
        fields.Nested(SeriesFacts),
        allow_none=True,
        metadata={"description": "Of engineering samples: what was asked for each mnemonic; null for other searches"},
    )
    products = fields.Nested(
        ProductsFacts, allow_none=True, metadata={"description": "Of a products search; null for other searches"}
    )
    instruments = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        allow_none=True,
        metadata={"description": "Of instrument_keywords: rows by instrument that was asked; null for other searches"},
    )
    unmatched = fields.Nested(
        UnmatchedFacts, allow_none=True, metadata={"description": "With expand=observations; null for other searches"}
    )


class StaleAnswer(Answer):
    """An earlier answer to the same question, whose rows are shown (as stale) until MAST answers again."""

    as_of = fields.String(metadata={"format": "date-time", "description": "When MAST was asked"})
    age = fields.Integer(metadata={"description": "Seconds since then"})
    count = fields.Integer(metadata={"description": "Rows"})
    truncated = fields.Boolean(allow_none=True, metadata={"description": "Whether MAST had more than it gave then"})


class SearchDocument(JobDocument):
    """A job with what came of it; `search` is null until it is COMPLETED."""

    json_schema: ClassVar[dict[str, Any]] = {"example": examples.SEARCH}

    search = fields.Nested(SearchFacts, allow_none=True)
    stale = fields.Nested(
        StaleAnswer, allow_none=True, metadata={"description": "What there is while MAST is away; else null"}
    )
