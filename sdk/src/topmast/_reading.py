"""Members of a document that may be anything: what does not fit reads as if it were not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any


def text(value: Any) -> str:
    """Text; empty for None."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def whole(value: Any) -> int | None:
    """A whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: Any) -> float | None:
    """A number."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def members(value: Any) -> Mapping[str, Any]:
    """An object."""
    return value if isinstance(value, Mapping) else {}


def entries(value: Any) -> list[Any]:
    """A list."""
    return value if isinstance(value, list) else []


def moment(value: Any) -> dt.datetime | None:
    """An RFC 3339 time."""
    try:
        return dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
