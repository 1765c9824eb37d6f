"""Searches of the ``observations`` collection: criteria as Portal filters, a cone, and look-up by id."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from topmast_service.archive.portal import Portal
from topmast_service.domain.criteria import Criterion

FILTERED, POSITION = "Mast.Caom.Filtered", "Mast.Caom.Filtered.Position"

ENDLESS = 1e30
"""Stands for the open end of a range; the Portal wants both ends, and astroquery drops a range with one."""

IDS_PER_QUERY = 100


@dataclass(frozen=True)
class Cone:
    """A circle on the sky; degrees, ICRS."""

    ra: float
    dec: float
    radius: float


def search(portal: Portal, cone: Cone | None, criteria: Sequence[Criterion]) -> Iterator[dict[str, Any]]:
    """The observation rows that fit, each once, with MAST's columns unchanged.

    A Portal filter knows one wildcard; a criterion with several becomes several questions, whose answers are joined by
    `obsid`. What a filter cannot say is tested on the rows.
    """
    seen: set[Any] = set()
    tested = [c for c in criteria if not c.asked_of_mast or _needs_test(c)]
    for filters in questions(criteria):
        for row in portal.rows(*_query(cone, filters)):
            if row.get("obsid") not in seen and all(c.passes(row.get(c.column.name)) for c in tested):
                seen.add(row.get("obsid"))
                yield row


def api_of(cone: Cone | None) -> str:
    """Which of MAST's services answers."""
    return FILTERED if cone is None else POSITION


def by_ids(portal: Portal, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The rows of observations named by `obs_id` or by (numeric) `obsid`; unknown ones are simply absent."""
    wanted = list(dict.fromkeys(ids))
    for column, chosen in (
        ("obsid", [i for i in wanted if i.isdigit()]),
        ("obs_id", [i for i in wanted if not i.isdigit()]),
    ):
        for batch in batches(chosen, IDS_PER_QUERY):
            filters = [{"paramName": column, "values": list(batch)}]
            yield from portal.rows(FILTERED, {"columns": "*", "filters": filters})


def questions(criteria: Sequence[Criterion]) -> Iterator[list[dict[str, Any]]]:
    """The filter lists to ask with; their answers together are the answer."""
    asked = [c for c in criteria if c.asked_of_mast]
    for combination in itertools.product(*(_alternatives(c) for c in asked)):
        yield list(combination)


def _query(cone: Cone | None, filters: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    params: dict[str, Any] = {"columns": "*", "filters": filters}
    if cone is not None:
        params["position"] = f"{cone.ra}, {cone.dec}, {cone.radius}"
    return api_of(cone), params


def _alternatives(criterion: Criterion) -> list[dict[str, Any]]:
    """The filters of which any one may hold: one for all exact values, one per wildcard, one for a range."""
    name = criterion.column.name
    base: dict[str, Any] = {"paramName": name, **({"separator": ";"} if criterion.column.many else {})}
    if criterion.low is not None or criterion.high is not None:
        return [{**base, "values": [_range(criterion.low, criterion.high)]}]
    if criterion.column.type == "float":
        numbers = [float(e) for e in criterion.exact]
        return [{**base, "values": [_range(min(numbers), max(numbers))]}]
    exact = [{**base, "values": list(criterion.exact)}] if criterion.exact else []
    wild = [{**base, "values": [], "freeText": p.replace("*", "%")} for p in criterion.patterns]
    return exact + wild


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
