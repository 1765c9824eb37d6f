"""JSON as RFC 8259 means it: what Python's reader lets through besides is refused here, once, for every body."""

from __future__ import annotations

import json
import math
from typing import Any

from topmast_service.errors import Malformed

MAX_DEPTH = 32
"""Levels of nesting in a body. Deeper ones are no request of ours, and recursion over them would end a thread."""

LONGEST_INTEGER = 20
"""Characters: 64 bits with a sign. What is longer no column holds, and it may not even become a float."""


def loads(raw: bytes) -> Any:
    """The value of a body.

    Raises
    ------
    Malformed
        Not UTF-8, not JSON, NaN or Infinity (also as ``1e999``), an integer of more than 19 digits, a member given
        twice (readers differ in which of them counts, RFC 8259 §4), half a surrogate pair, or nested too deeply.
    """
    try:
        found = json.loads(
            raw.decode(), parse_constant=_refuse, parse_float=_finite, parse_int=_short, object_pairs_hook=_once_each
        )
        if _depth(found) > MAX_DEPTH:
            raise Malformed(f"The body is nested more than {MAX_DEPTH} levels deep.")
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is text that nothing can store
    except RecursionError:
        raise Malformed(f"The body is nested more than {MAX_DEPTH} levels deep.") from None
    except UnicodeError:
        raise Malformed("The body is not Unicode text in UTF-8.") from None
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
    return found


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _short(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise ValueError(f"{text[:40]} is too large a number")
    return int(text)


def _once_each(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:40]!r} is given twice")
    return found


def _depth(value: Any) -> int:
    """How deep a value nests, without recursion."""
    level, depth = [value], 0
    while level:
        depth += 1
        inner = [v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)]
        level = [item for items in inner for item in items]
    return depth
