"""From Python values to the row filter ``where=col:op:value`` and to sort orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ._criteria import criterion
from ._errors import UsageError
from ._messages import Params

Where = str | Iterable[str] | Mapping[str, Any] | None
Names = str | Iterable[str] | None


def row_params(where: Where = None, sort: Names = None, columns: Names = None, since: str | None = None) -> Params:
    """Query parameters of GET /v1/searches/{id}/rows."""
    params = [("where", text) for text in where_texts(where)]
    params += [("since", since)] if since is not None else []
    for name, value in (("sort", sort), ("columns", columns)):
        if value is not None:
            params.append((name, value if isinstance(value, str) else ",".join(value)))
    return tuple(params)


def where_texts(where: Where) -> list[str]:
    """Filters as the service reads them; text goes through as it is."""
    if where is None:
        return []
    if isinstance(where, str):
        return [where]
    if isinstance(where, Mapping):
        return [text for name, value in where.items() for text in _column(name, criterion(name, value))]
    return list(where)


def _column(name: str, value: Any) -> list[str]:
    if value is None:
        return [f"{name}:null:true"]
    if isinstance(value, list):
        return [f"{name}:in:{_listed(name, value)}"]
    if isinstance(value, dict):
        return [_negated(name, value["not"])] if "not" in value else [_range(name, value)]
    op = "like" if isinstance(value, str) and "*" in value else "eq"
    return [f"{name}:{op}:{_text(value)}"]


def _negated(name: str, value: Any) -> str:
    if value is None:
        return f"{name}:null:false"
    if isinstance(value, (dict, list)) or (isinstance(value, str) and "*" in value):
        raise UsageError(f"{name}: of rows, 'not' takes one plain value", hint="Search again with it as criterion.")
    return f"{name}:ne:{_text(value)}"


def _range(name: str, ends: dict[str, Any]) -> str:
    if len(ends) == 2:
        return f"{name}:between:{_listed(name, [ends['min'], ends['max']])}"
    return f"{name}:ge:{_text(ends['min'])}" if "min" in ends else f"{name}:le:{_text(ends['max'])}"


def _listed(name: str, values: list[Any]) -> str:
    texts = [_text(value) for value in values]
    if any("*" in text for text in texts):
        raise UsageError(f"{name}: a list of row values has no wildcards", hint="Search again with it as criterion.")
    if any(text.endswith("\\") for text in texts):
        # Before the comma that separates it, it would read as an escaped comma.
        raise UsageError(f"{name}: a value in a list cannot end with a backslash")
    return ",".join(text.replace(",", "\\,") for text in texts)


def _text(value: Any) -> str:
    if value is None:
        raise UsageError("None cannot stand in a list", hint="Ask for it alone: {'column': None}.")
    return str(value).lower() if isinstance(value, bool) else str(value)
