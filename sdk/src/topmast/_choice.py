"""Which products are wanted, and how they are laid out: what `bundle` and `plan` have in common."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from ._errors import UsageError
from ._where import Where, where_texts

Texts = str | Iterable[str] | None
Ends = tuple[Any, Any] | Mapping[str, Any] | None


class Choice(TypedDict, total=False):
    """The keyword arguments of a choice; see `Bundles.submit`."""

    types: Texts
    sub_groups: Texts
    levels: int | Iterable[int] | None
    mrp: bool | None
    guide_stars: str | None
    names: Texts
    exclude: Texts
    extensions: Texts
    detectors: Texts
    filters: Texts
    exp_types: Texts
    visits: int | str | Iterable[int | str] | None
    size: Ends
    dates: Ends
    where: Where
    parents: bool | None
    references: bool | Texts
    start: str | None
    layout: str | None


_TEXTS = ("types", "sub_groups", "names", "exclude", "extensions", "detectors", "filters", "exp_types")
_PLAIN = ("mrp", "guide_stars", "parents")


def body(choice: Choice) -> dict[str, Any]:
    """The `select`, `start` and `layout` of POST /v1/bundles.

    Raises
    ------
    UsageError
        The choice makes no sense; nothing was sent.
    """
    given: dict[str, Any] = dict(choice)
    if unknown := set(given) - set(Choice.__annotations__):
        raise UsageError(
            f"a bundle has no {', '.join(sorted(unknown))}", hint=f"It has {', '.join(Choice.__annotations__)}."
        )
    levels, references = given.get("levels"), given.get("references")
    select = {
        **{name: texts(name, given.get(name)) for name in _TEXTS},
        **{name: given.get(name) for name in _PLAIN},
        "levels": [levels] if isinstance(levels, int) else None if levels is None else list(levels),
        "visits": _visits(given.get("visits")),
        "size": _ends("size", given.get("size")),
        "dates": _ends("dates", given.get("dates")),
        "where": where_texts(given.get("where")) or None,
        "references": references if isinstance(references, bool) else texts("references", references),
    }
    return known({"select": known(select) or None, "start": given.get("start"), "layout": given.get("layout")})


def known(members: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left out."""
    return {name: value for name, value in members.items() if value is not None}


def texts(name: str, value: Texts) -> list[str] | None:
    """One text or several; a bare "I2D" is a sequence of letters to Python, and would select nothing."""
    found = [value] if isinstance(value, str) else None if value is None else list(value)
    if found is not None and not all(isinstance(text, str) and text for text in found):
        raise UsageError(f"{name} takes text", hint=f"{name}=['I2D'] for instance.")
    return found


def _visits(value: int | str | Iterable[int | str] | None) -> list[str] | None:
    return None if value is None else [str(v) for v in ([value] if isinstance(value, (int, str)) else value)]


def _ends(name: str, value: Ends) -> dict[str, Any] | None:
    """``(from, to)``, either of them None for an open end."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, tuple) or len(value) != 2:
        raise UsageError(f"{name} is a pair of ends", hint=f"{name}=(from, to); None for an open end.")
    return known({"min": _end(value[0]), "max": _end(value[1])})


def _end(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
