"""Numbers and names of programs, observations and DOIs as users write them, and as MAST's tables have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from topmast_service.domain import dois

PROGRAMS = frozenset({"program", "proposal_id"})
"""Columns that name programs: by their number without the leading zeros that file names have."""


def programs(value: Any) -> list[Any]:
    """``"01409, 2733"`` is two programs, 1409 and 2733; what is not made of numbers is left as it is."""
    parts = [part.strip() for part in str(value).split(",")]
    if isinstance(value, bool) or not all(map(_is_number, parts)):
        return [value]
    return [part.lstrip("0") or "0" for part in parts]


def program(text: str) -> str:
    """The number of one program.

    Raises
    ------
    ValueError
        It is none, in words for the user.
    """
    if not _is_number(text):
        raise ValueError("a program is a number: 1409, 01409 or 12496")
    return text


READERS: Mapping[str, Callable[[str], str]] = {"program": program, "doi": dois.read}
"""Columns whose values have a form of their own."""


def is_name(text: str) -> bool:
    """Whether this cannot be an obsid, which is a number (with ``*``: a part of one)."""
    return not _is_number(text.replace("*", ""))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
