"""Each collection's form as JSON Schema: what `SearchRequest` may hold when it names that collection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from topmast_service.api.schemas.criteria import COMPONENTS as SHAPES
from topmast_service.api.schemas.criteria import interval_schema, said_of, shape_of
from topmast_service.domain.columns import Column
from topmast_service.domain.forms import FORMS, Form

COMPONENTS = {name: "".join(map(str.capitalize, name.split("_"))) + "Search" for name in FORMS}
"""The component that describes a search of each collection."""

MOST_LISTED = 10
"""Columns of a form that the contract lists one by one, besides CAOM's."""


def json_schemas() -> dict[str, dict[str, Any]]:
    """The components by their names."""
    return {COMPONENTS[name]: _of(form) for name, form in FORMS.items()}


def _of(form: Form) -> dict[str, Any]:
    said: dict[str, Any] = {
        "type": "object",
        "description": form.about,
        "properties": {
            "collection": {"const": form.name},
            "criteria": _criteria(form),
            "expand": {"enum": [*form.expands, None]},
            **({} if form.target else {"target": {"type": "null"}}),
        },
        "example": dict(form.examples[0]),
    }
    named = [] if form.name == "observations" else ["collection"]
    if form.target:
        by_target = {"required": [*named, "target"], "properties": {"target": {"type": "string"}}}
        return said | {"anyOf": [by_target, {"required": [*named, "criteria"]}]}
    return said | {"required": [*named, "criteria"]}


def _criteria(form: Form) -> dict[str, Any]:
    listed = {name: column for name, column in form.columns.items() if _is_listed(form, column)}
    return {
        "type": "object",
        "properties": {name: _criterion(form, column) for name, column in listed.items()},
        **_by_pattern(column for name, column in form.columns.items() if name not in listed),
        "additionalProperties": False,
        "minProperties": 1,
        **({"required": list(form.needs)} if form.needs else {}),
    }


def _is_listed(form: Form, column: Column) -> bool:
    """Hundreds of keywords would bury the contract; `GET /v1/collections/{name}` describes each."""
    return form.target or len(form.columns) <= MOST_LISTED or column.name in form.choices


def _by_pattern(columns: Iterable[Column]) -> dict[str, Any]:
    """The other columns by what a criterion of theirs looks like."""
    shapes: defaultdict[str, list[str]] = defaultdict(list)
    for column in columns:
        shapes[shape_of(column)].append(column.name)
    found = {f"^({'|'.join(names)})$": {"$ref": f"#/components/schemas/{SHAPES[s]}"} for s, names in shapes.items()}
    return {"patternProperties": found} if found else {}


def _criterion(form: Form, column: Column) -> dict[str, Any]:
    said = {"description": text} if (text := said_of(column)) else {}
    if names := form.choices.get(column.name):
        one = {"enum": list(names)}
        either = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
        negation = {"type": "object", "properties": {"not": either}, "required": ["not"], "additionalProperties": False}
        return {**said, "anyOf": [*either["anyOf"], negation]}
    if column.name in form.intervals:
        return {**said, **interval_schema()}
    return {**said, "$ref": f"#/components/schemas/{SHAPES[shape_of(column)]}"}
