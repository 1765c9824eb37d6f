"""From Python values to the criteria of a search (POST /v1/searches)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from ._errors import UsageError

HOW = (
    "Use text (with * as wildcard), a number, a list (any of these), a tuple (min, max) with None for an open "
    "end, {'not': …}, or None (no value)."
)


def criteria(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Every column's criterion as the service reads it; all of them have to hold."""
    return {name: criterion(name, value) for name, value in columns.items()}


def criterion(name: str, value: Any) -> Any:
    """One criterion.

    ========================  =============================
    Python                    meaning
    ========================  =============================
    ``"NIRCAM*"``, ``3``      equals; ``*`` is a wildcard
    ``["I2D", "X1D"]``        any of these
    ``(100, None)``           a range, both ends included
    ``{"not": "FGS"}``        anything but
    ``None``                  has no value
    ========================  =============================

    Raises
    ------
    UsageError
        The value fits none of these.
    """
    if isinstance(value, Mapping):
        return _mapping(name, value)
    if isinstance(value, tuple):
        return _range(name, value)
    if isinstance(value, (list, AbstractSet)) or _is_array(value):
        return _any_of(name, value)
    return scalar(name, value)


def scalar(name: str, value: Any) -> Any:
    """Text, a finite number, a truth value or None, also when numpy wraps it."""
    plain = value.item() if hasattr(value, "item") and not isinstance(value, str) else value
    if plain is None or isinstance(plain, (bool, int)):
        return plain
    if isinstance(plain, str):
        return str(plain)
    if isinstance(plain, float) and math.isfinite(plain):
        return plain
    raise UsageError(f"{name}: {value!r} is not a criterion", hint=HOW)


def _is_array(value: Any) -> bool:
    return hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1


def _any_of(name: str, values: Any) -> list[Any]:
    listed = values.tolist() if _is_array(values) else values
    items = [scalar(name, value) for value in listed]
    if not items:
        raise UsageError(f"{name}: an empty list matches nothing", hint="Leave the column out to match all.")
    return sorted(items, key=str) if isinstance(values, AbstractSet) else items


def _range(name: str, ends: Sequence[Any]) -> dict[str, Any]:
    if len(ends) != 2:
        raise UsageError(f"{name}: a range has two ends, not {len(ends)}", hint=HOW)
    low, high = (scalar(name, end) for end in ends)
    if low is None and high is None:
        raise UsageError(f"{name}: a range needs at least one end", hint=HOW)
    if any(isinstance(end, str) and "*" in end for end in (low, high)):
        raise UsageError(f"{name}: a range has no wildcards", hint="For any of several patterns use a list.")
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
        raise UsageError(f"{name}: the range ends before it begins", hint="Write (min, max).")
    return {key: end for key, end in (("min", low), ("max", high)) if end is not None}


def _mapping(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    keys = set(value)
    if keys == {"not"}:
        return {"not": criterion(name, value["not"])}
    if keys and keys <= {"min", "max"}:
        return _range(name, (value.get("min"), value.get("max")))
    raise UsageError(f"{name}: {dict(value)!r} is not a criterion", hint=HOW)
