"""A bound on the patterns that users send: how long one may take to be tried on a name.

Matching is linear in Python's fnmatch and near to it in SQLite's LIKE, but 100 patterns of 100 wildcards each, tried on
70,000 names, kept a worker busy for minutes.
"""

from __future__ import annotations

from collections.abc import Iterable

MAX_WILDCARDS = 16


def check(patterns: Iterable[str]) -> None:
    """Refuse a pattern of too many ``*`` and ``?``.

    Raises
    ------
    ValueError
        Says which.
    """
    for pattern in patterns:
        if pattern.count("*") + pattern.count("?") > MAX_WILDCARDS:
            raise ValueError(f"{pattern[:60]!r} has more than {MAX_WILDCARDS} wildcards")
