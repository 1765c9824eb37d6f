"""Criteria as the Portal's filters.

A Portal filter knows one wildcard and a closed range; a criterion with several wildcards becomes several questions,
whose answers are joined. What a filter cannot say (`not`, `null`) is tested on the rows that come back.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from topmast_service.domain.columns import Column
from topmast_service.domain.criteria import VALUES_PER_QUESTION, Criterion

ENDLESS = 1e30
"""Stands for the open end of a range; the Portal wants both ends, and astroquery drops a range with one."""


def questions(criteria: Sequence[Criterion]) -> Iterator[list[dict[str, Any]]]:
    """The filter lists to ask with; their answers together are the answer."""
    asked = [c for c in criteria if c.asked_of_mast]
    for combination in itertools.product(*(_alternatives(c) for c in asked)):
        yield list(combination)


def tested(criteria: Sequence[Criterion]) -> list[Criterion]:
    """The criteria that the rows must be tested with as well."""
    return [c for c in criteria if not c.asked_of_mast or _needs_test(c)]


def passes(row: Mapping[str, Any], criteria: Sequence[Criterion]) -> bool:
    """Whether a row satisfies all these criteria."""
    return all(c.passes(row.get(c.column.name)) for c in criteria)


def _alternatives(criterion: Criterion) -> list[dict[str, Any]]:
    """The filters of which any one may hold: for exact values, one per wildcard, one for a range."""
    base = {"paramName": _asked_by(criterion.column), **({"separator": ";"} if criterion.column.many else {})}
    if criterion.low is not None or criterion.high is not None:
        return [{**base, "values": [_range(criterion.low, criterion.high)]}]
    if criterion.column.type == "float":
        numbers = [float(e) for e in criterion.exact]
        return [{**base, "values": [_range(min(numbers), max(numbers))]}]
    exact = [{**base, "values": part} for part in batches(criterion.exact, VALUES_PER_QUESTION)]
    wild = [{**base, "values": [], "freeText": p.replace("*", "%")} for p in criterion.patterns]
    return exact + wild


def _asked_by(column: Column) -> str:
    """MAST compares a date by its twin in MJD."""
    return f"{column.name}_mjd" if column.type == "date" else column.name


def _range(low: float | None, high: float | None) -> dict[str, float]:
    return {"min": -ENDLESS if low is None else low, "max": ENDLESS if high is None else high}


def _needs_test(criterion: Criterion) -> bool:
    """Several numbers were asked for as the range around them; ``_`` and ``%`` mean more to MAST than to the user."""
    several = criterion.column.type == "float" and len(criterion.exact) > 1
    return several or any("_" in p or "%" in p for p in criterion.patterns)


def batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    """`items` in lists of at most `size` (`itertools.batched` came with Python 3.12)."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
