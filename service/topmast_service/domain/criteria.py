"""What a user asks of the columns: read and checked before anything is created, without asking MAST.

http.md's grammar: ``"v*"`` · ``["a", "b*"]`` (or) · ``{"min": …, "max": …}`` · ``{"not": …}`` · ``null``.
astroquery's own `query_criteria` silently drops a one-value range and every wildcard after the first
(mast-protocol §2.6), which gives a *broader* result; so the filters are made here, and what one Portal filter cannot
say becomes several questions (wildcards) or a test on the rows that came back (`not`, `null`).
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from topmast_service.domain import dates, identifiers, patterns
from topmast_service.domain.columns import Column, nearest
from topmast_service.errors import Invalid, UnknownColumn

MAX_VALUES = 10_000
"""Values in one criterion: as many observations as a MAST DOI may have, pasted."""

MAX_QUESTIONS = 32
"""Requests one search may take: wildcards and long lists of several criteria multiply."""

VALUES_PER_QUESTION = 500
"""Exact values in one filter: a list of 10,000 pasted names is asked for in 20 parts."""

BARE_INSTRUMENTS = frozenset({"NIRCAM", "NIRSPEC", "NIRISS", "MIRI", "FGS"})
"""Bare names, which MAST matches exactly: since March 2023 the rows say NIRCAM/IMAGE, and scripts went blind."""


_TRUTHS = {"boolean": ("false", "true"), "flag": ("f", "t")}
"""How MAST writes no and yes, by the type of the column."""


@dataclass(frozen=True)
class Criterion:
    """One column's condition: a cell passes if it equals one of `exact`, fits one of `patterns`, or lies in a range.

    `negated` turns it round; `null` means the cell must be empty. Ranges include their ends; of dates they are MJD.
    """

    column: Column
    exact: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    negated: bool = False
    null: bool = False

    @property
    def asked_of_mast(self) -> bool:
        """Whether the Portal's filters can say it; otherwise the rows that come back are tested with `passes`."""
        return not (self.negated or self.null)

    @property
    def questions(self) -> int:
        """How many Portal filters it takes: one for each part of a list of exact values, one for each wildcard."""
        if not self.asked_of_mast or self.column.type == "float":
            return 1
        return max(1, len(self.patterns) + math.ceil(len(self.exact) / VALUES_PER_QUESTION))

    def passes(self, cell: Any) -> bool:
        """Whether a cell satisfies the criterion; strings ignore case, as MAST does."""
        return self._fits(cell) != self.negated

    def _fits(self, cell: Any) -> bool:
        if cell is None or cell == "":
            return self.null
        if self.null:
            return False
        if self.low is not None or self.high is not None:
            number = dates.to_mjd(dates.read(cell)) if self.column.type == "date" else cell
            return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)
        return any(self._matches(part) for part in self._parts(cell))

    def _parts(self, cell: Any) -> list[str]:
        if not self.column.many:
            return [_text(cell)]
        whole = str(cell).strip().lower()  # MAST compares it as well: F150W2;F162M is asked for as it stands
        return [whole, *(p.strip() for p in whole.split(";") if p.strip())]

    def _matches(self, text: str) -> bool:
        return text in self._wanted or any(pattern.fullmatch(text) for pattern in self._shapes)

    @cached_property
    def _wanted(self) -> frozenset[str]:
        if self.column.type in {"float", "int"}:
            return frozenset(_text(float(e)) for e in self.exact)  # "1.50" is the number 1.5
        return frozenset(e.lower() for e in self.exact)

    @cached_property
    def _shapes(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(_regex(p)) for p in self.patterns)


def parse(criteria: Mapping[str, Any], columns: Mapping[str, Column]) -> tuple[list[Criterion], list[str]]:
    """Read all criteria of a search, whose form has these `columns`.

    Returns
    -------
    tuple
        The criteria, and notes on what was understood more widely than written.

    Raises
    ------
    UnknownColumn
        With the nearest names.
    Invalid
        A value that its column cannot have; `errors` points at each.
    """
    unknown = [name for name in criteria if name not in columns]
    if unknown:
        raise _unknown(unknown, columns)
    errors: list[dict[str, Any]] = []
    found = [c for name, value in criteria.items() if (c := _criterion(columns[name], value, errors))]
    if errors:
        raise Invalid("Some criteria cannot be read.", errors=errors)
    expanded, notes = _expand_instruments(found)
    renamed = _ids_by_name(expanded, columns, notes)
    if math.prod(c.questions for c in renamed) > MAX_QUESTIONS:
        raise Invalid(
            f"So many wildcards and values would take more than {MAX_QUESTIONS} questions to MAST.",
            hint=f"Use fewer *, or fewer values: each {VALUES_PER_QUESTION} of a column are a question.",
        )
    return renamed, notes


def _unknown(names: list[str], known: Iterable[str]) -> UnknownColumn:
    errors = [
        {
            "pointer": f"/criteria/{n}",
            "detail": f"There is no column {n!r}.",
            "suggestions": nearest(n, known),
        }
        for n in names
    ]
    return UnknownColumn(f"There is no column {', '.join(map(repr, names))}.", errors=errors)


def _criterion(column: Column, value: Any, errors: list[dict[str, Any]]) -> Criterion | None:
    try:
        return _read(column, value)
    except ValueError as error:
        errors.append({"pointer": f"/criteria/{column.name}", "detail": str(error), "suggestions": []})
        return None


def _read(column: Column, value: Any) -> Criterion:
    if value is None:
        return Criterion(column, null=True)
    if isinstance(value, Mapping):
        return _read_mapping(column, value)
    values = value if isinstance(value, list | tuple) else [value]
    if column.name in identifiers.PROGRAMS:
        values = [number for v in values for number in identifiers.programs(v)]
    if not 0 < len(values) <= MAX_VALUES:
        raise ValueError(f"give between 1 and {MAX_VALUES} values")
    if column.type == "date":
        return _dated(column, values)
    texts = [_checked(column, v) for v in values]
    wild = tuple(t for t in texts if "*" in t)
    patterns.check(wild)
    return Criterion(column, tuple(t for t in texts if "*" not in t), wild)


def _read_mapping(column: Column, value: Mapping[str, Any]) -> Criterion:
    if set(value) == {"not"}:
        if isinstance(value["not"], Mapping) and "not" in value["not"]:
            raise ValueError("not of not says nothing")
        inner = _read(column, value["not"])
        return Criterion(column, inner.exact, inner.patterns, inner.low, inner.high, True, inner.null)
    if not value or not set(value) <= {"min", "max"}:
        raise ValueError('an object is {"min": …, "max": …} (one of them may be missing) or {"not": …}')
    if column.type not in {"float", "int", "date"}:
        raise ValueError(f"{column.name} holds text, which has no range")
    low, high = (_end(column, k, value[k]) if value.get(k) is not None else None for k in ("min", "max"))
    if low is None and high is None:
        raise ValueError("a range needs min, max or both")
    if low is not None and high is not None and low > high:
        raise ValueError("min is above max")
    return Criterion(column, low=low, high=high)


def _end(column: Column, end: str, value: Any) -> float:
    if column.type != "date":
        return _number(value)
    return dates.span(str(value))[end == "max"]


def _dated(column: Column, values: Sequence[Any]) -> Criterion:
    if len(values) > 1:
        raise ValueError(f'{column.name} is one date, or a range {{"min": …, "max": …}}')
    low, high = dates.span(str(values[0]))
    return Criterion(column, low=low, high=high)


def _checked(column: Column, value: Any) -> str:
    if isinstance(value, bool):
        if column.type not in _TRUTHS:
            raise ValueError(f"{column.name} is not true or false")
        return _TRUTHS[column.type][value]
    if not isinstance(value, str | int | float):
        raise ValueError("a value is text or a number")
    text = _text(value) if not isinstance(value, str) else value.strip()
    if not text or len(text) > 500 or not text.isprintable():
        raise ValueError("a value is between 1 and 500 printable characters")
    if column.type in {"float", "int"}:
        _number(text)
    if column.name in identifiers.READERS:
        return identifiers.READERS[column.name](text)
    if column.type in _TRUTHS:
        if text.lower() not in {"true", "false", "t", "f"}:
            raise ValueError(f"{column.name} is true or false")
        return _TRUTHS[column.type][text.lower()[0] == "t"]
    return text


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is not a number") from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _expand_instruments(criteria: list[Criterion]) -> tuple[list[Criterion], list[str]]:
    notes: list[str] = []
    return [_expanded(c, notes) for c in criteria], notes


def _expanded(criterion: Criterion, notes: list[str]) -> Criterion:
    bare = [e for e in criterion.exact if e.upper() in BARE_INSTRUMENTS]
    if criterion.column.name != "instrument_name" or not bare:
        return criterion
    for name in bare:
        notes.append(
            f"instrument_name {name!r} also matches its modes ({name.upper()}/…): MAST alone would match {name!r} only."
        )
    exact = tuple(e for e in criterion.exact if e not in bare)
    patterns = (*criterion.patterns, *(f"{b}*" for b in bare))
    return Criterion(criterion.column, exact, patterns, negated=criterion.negated)


def _ids_by_name(criteria: list[Criterion], columns: Mapping[str, Column], notes: list[str]) -> list[Criterion]:
    """An ``obs_id`` given for ``obsid``, which is a number: MAST would find nothing, or fail (astroquery #2852)."""
    given = next((c for c in criteria if c.column.name == "obsid"), None)
    texts = (*given.exact, *given.patterns) if given else ()
    names = [text for text in texts if identifiers.is_name(text)]
    if not names or "obs_id" not in columns:
        return criteria
    if len(names) < len(texts) or any(c.column.name == "obs_id" for c in criteria):
        detail = "obsid takes numbers; these are names, which are asked for as obs_id, and not by both at once"
        at = {"pointer": "/criteria/obsid", "detail": detail, "suggestions": ["obs_id"]}
        raise Invalid("Observations are given by number and by name.", errors=[at])
    notes.append("obsid is a number; the names given for it were searched as obs_id.")
    return [replace(c, column=columns["obs_id"]) if c is given else c for c in criteria]


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip().lower()


def _regex(pattern: str) -> str:
    return fnmatch.translate(re.sub(r"([\[\]?])", r"[\1]", pattern.lower()))
