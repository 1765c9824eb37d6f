"""A criterion as JSON (http.md): the shape is checked here, the meaning in `domain.criteria`.

Shapes per type of column; the same facts once as checks and once, beside them, as JSON Schema.
"""

from __future__ import annotations

import math
import re
from typing import Any

from marshmallow import ValidationError

from topmast_service.api.schemas.fields import Described
from topmast_service.domain.columns import Column
from topmast_service.domain.criteria import MAX_VALUES

LARGEST = 1e15
"""No column of MAST comes near; larger numbers lose their digits in JSON."""

_LETTER = r"!-~\u00a1-\u00ac\u00ae-\u02af\u0391-\u03a1\u03a3-\u03c9"
_TEXT = rf"[ {_LETTER}]{{0,250}}[{_LETTER}][ {_LETTER}]{{0,249}}"
_NUMERAL = r"[+-]?[0-9]{1,15}(\.[0-9]{0,15})?"
_TRUTHS = ["true", "false", "True", "False", "t", "f", "T", "F"]

_DAY = r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_DATE = rf"{_DAY}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{{1,6}})?Z?)?"

_NUMBER = {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}
_SCALARS: dict[str, list[dict[str, Any]]] = {
    "text": [{"type": "string", "pattern": f"^{_TEXT}$"}, _NUMBER],
    "number": [_NUMBER, {"type": "string", "pattern": f"^{_NUMERAL}$"}],
    "truth": [{"type": "boolean"}, {"enum": _TRUTHS}],
    "date": [{"type": "string", "pattern": f"^{_DATE}$"}],
}
_HOW = {
    "text": 'Text of 1 to 500 printable characters, * as wildcard; a list of these; {"not": …}; or null (is empty).',
    "number": 'A number; a list of these; {"min": …, "max": …} (one is enough); {"not": …}; or null (is empty).',
    "truth": 'true or false; {"not": …}; or null (is empty).',
    "date": 'A day (2022-07-11) or moment (2022-07-11T12:00:00Z); {"min": …, "max": …}; {"not": …}; or null.',
}
_SHAPE_OF_TYPE = {
    "string": "text", "int": "number", "float": "number", "boolean": "truth", "flag": "truth", "date": "date",
}  # fmt: skip
COMPONENTS = {
    "text": "TextCriterion", "number": "NumberCriterion", "truth": "TruthCriterion", "date": "DateCriterion",
}  # fmt: skip
_EXAMPLES: dict[str, Any] = {
    "text": ["MIRI/IMAGE", "NIRCAM/IMAGE"],
    "number": {"min": 2, "max": 3},
    "truth": True,
    "date": {"min": "2022-07-01", "max": "2022-07-31"},
}


class CriterionField(Described):
    """One column's criterion."""

    def __init__(self, column: Column) -> None:
        self.shape = shape_of(column)
        super().__init__(COMPONENTS[self.shape], allow_none=True, metadata={"description": said_of(column)})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        inner = value["not"] if isinstance(value, dict) and set(value) == {"not"} else value
        if not (inner is None or _plain(self.shape, inner)):
            raise ValidationError(_HOW[self.shape])
        return value


def shape_of(column: Column) -> str:
    """Which of the shapes a criterion of this column has: a key of `COMPONENTS`."""
    return _SHAPE_OF_TYPE[column.type]


def said_of(column: Column) -> str:
    """A column's description for readers of the contract."""
    return column.description + (f" ({column.unit})" if column.unit else "")


def json_schema(shape: str) -> dict[str, Any]:
    """What `CriterionField` takes, for the contract."""
    several = [] if shape == "date" else [_list_of(shape)]
    ranges = [_range(shape)] if shape in _RANGED else []
    plain = [*_SCALARS[shape], *several, *ranges, {"type": "null"}]
    negation = {
        "type": "object",
        "properties": {"not": {"anyOf": plain}},
        "required": ["not"],
        "additionalProperties": False,
    }
    return {"description": _HOW[shape], "anyOf": [*plain, negation], "example": _EXAMPLES[shape]}


def interval_schema() -> dict[str, Any]:
    """A day, a moment, or a range with both its ends, for the contract."""
    return {"anyOf": [*_SCALARS["date"], {**_range("date"), "required": ["min", "max"]}]}


def _list_of(shape: str) -> dict[str, Any]:
    return {"type": "array", "items": {"anyOf": _SCALARS[shape]}, "minItems": 1, "maxItems": MAX_VALUES}


def _range(shape: str) -> dict[str, Any]:
    end = {"anyOf": _SCALARS[shape]}
    return {
        "type": "object",
        "properties": {"min": end, "max": end},
        "minProperties": 1,
        "additionalProperties": False,
    }


def _plain(shape: str, value: Any) -> bool:
    if isinstance(value, list):
        return shape != "date" and 1 <= len(value) <= MAX_VALUES and all(_scalar(shape, v) for v in value)
    if isinstance(value, dict):
        ends = set(value) <= {"min", "max"} and value
        return bool(shape in _RANGED and ends and all(_scalar(shape, v) for v in value.values()))
    return _scalar(shape, value)


def _scalar(shape: str, value: Any) -> bool:
    if isinstance(value, bool):
        return shape == "truth"
    if isinstance(value, str):
        return value in _TRUTHS if shape == "truth" else bool(re.fullmatch(_PATTERN[shape], value))
    return isinstance(value, int | float) and shape in {"text", "number"} and math.fabs(value) <= LARGEST


_PATTERN = {"text": _TEXT, "number": _NUMERAL, "date": _DATE}
_RANGED = frozenset({"number", "date"})
