"""Which products of a bundle's observations are chosen."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate

from topmast_service.api.schemas.fields import Pattern, Request, Truth, WholeNumber
from topmast_service.domain.rows import MAX_WHERE

_WORD = Pattern(r"[ -~]{1,64}", "1 to 64 printable ASCII characters.")
_GLOB = Pattern(r"[!-~]{1,200}", "1 to 200 visible ASCII characters.")
_DAY = Pattern(r"\d{4}-\d{2}-\d{2}([T ][0-9:.]{5,15}(Z|[+-]\d\d:\d\d)?)?", "Write 2022-07-11 or 2022-07-11T12:00:00Z.")
_LARGEST = 2**53


def _words(
    description: str, example: list[str], most: int = 200, each: Pattern = _WORD, **more: Any
) -> fields.List[str]:
    return fields.List(
        fields.String(validate=each),
        validate=validate.Length(max=most),
        metadata={"description": description, "example": example},
        **more,
    )


class Sizes(Request):
    """From and to, in bytes; either may be left out."""

    min = WholeNumber(validate=validate.Range(0, _LARGEST))
    max = WholeNumber(validate=validate.Range(0, _LARGEST))


class Dates(Request):
    """Beginning of the exposure, from and to; a day is the whole day, UTC. Either may be left out."""

    min = fields.String(validate=_DAY, metadata={"format": "iso-day", "example": "2022-07-01"})
    max = fields.String(validate=_DAY, metadata={"format": "iso-day", "example": "2022-07-31"})


class References(fields.Field[Any]):
    """``true`` for all reference files, or the types that are wanted."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            return value
        if not isinstance(value, list) or not value or len(value) > 100:
            raise ValidationError("true, or a list of reference types such as flat and dark.")
        return [str(Pattern(r"[a-z0-9-]{1,40}", "A reference type, in small letters.")(str(text))) for text in value]


class BundleSelection(Request):
    """Which of the products; what is left out does not narrow. Nothing at all: Minimum Recommended Products."""

    json_schema: ClassVar[dict[str, Any]] = {"example": {"sub_groups": ["UNCAL", "ASN"], "visits": ["001"]}}

    types = _words("SCIENCE, INFO, AUXILIARY, PREVIEW", ["SCIENCE"], 50)
    sub_groups = _words("MAST's labels or file suffixes, in any case", ["I2D", "ASN"])
    levels = fields.List(
        WholeNumber(validate=validate.Range(-1, 9)),
        validate=validate.Length(max=20),
        metadata={"description": "Calibration levels", "example": [2, 3]},
    )
    mrp = Truth(
        allow_none=True, metadata={"description": "Only Minimum Recommended Products; null: decide by the rest"}
    )
    guide_stars = fields.String(
        validate=validate.OneOf(["none", "include", "only"]),
        metadata={"description": "Guide-star files; none by default"},
    )
    names = _words("File names, with * and ?; one must fit", ["*_nrca?_*"], each=_GLOB)
    without = _words(
        "Pieces that must not occur in a file name", ["_thumb"], each=_GLOB, data_key="exclude", attribute="exclude"
    )
    extensions = _words("What the file name ends in", ["fits", "json"], 50)
    detectors = _words("As file names write them", ["nrca1", "nrcalong"])
    filters = _words("Optical elements, with *; any one of a file's", ["F444W"])
    exp_types = _words("Exposure types (FITS keyword EXP_TYPE), as the keyword search tells them", ["MIR_TACQ"])
    visits = _words("Numbers within the observation, or in full: 01558005001, 1558:5:1", ["001"])
    size = fields.Nested(Sizes, metadata={"description": "Bytes, as the catalogue says"})
    dates = fields.Nested(Dates, metadata={"description": "When the exposure began"})
    where = fields.List(
        fields.String(validate=validate.Length(max=300), metadata={"format": "product-condition"}),
        validate=validate.Length(max=MAX_WHERE),
        metadata={
            "description": "Conditions on the product table (`GET /v1/bundles/{id}/products` shows its columns), as "
            "`where` of a list has them; all must hold",
            "example": ["detector:like:nrca*", "size:lt:1000000000"],
        },
    )
    parents = Truth(metadata={"description": "And all that the chosen products were made of"})
    references = References(
        metadata={
            "anyOf": [
                {"type": "boolean"},
                {
                    "type": "array",
                    "items": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"},
                    "minItems": 1,
                    "maxItems": 100,
                },
            ],
            "description": "And the CRDS reference files that the chosen products were calibrated with: all, or types",
            "example": ["flat", "dark"],
        }
    )
