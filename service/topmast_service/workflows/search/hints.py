"""Why nothing was found: a few other questions are counted, and those that find something are told as they are sent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from topmast_service.archive import filters
from topmast_service.domain import search, variants
from topmast_service.domain.target import MAX_RADIUS
from topmast_service.errors import TopmastError
from topmast_service.workflows.search.asking import Asking
from topmast_service.workflows.search.collections import COLLECTIONS

MOST_COUNTS = 6
"""Queries that hints may cost MAST."""

MOST_SECONDS = 20.0
"""No hint is worth waiting longer for; nor any one count."""

WIDER = 10
"""How much larger a radius is tried."""


@dataclass(frozen=True)
class Probe:
    """Another question that may find something. `says` is what is wrong with the first one if it does."""

    says: str
    criteria: Mapping[str, Any]
    target: str | None


@dataclass(frozen=True)
class Hint:
    """Another question that would have found `count` rows, as it is sent."""

    says: str
    count: int
    request: dict[str, Any]


def of_nothing(asking: Asking) -> list[Hint]:
    """What would have found something; never fails, and costs at most `MOST_COUNTS` counts."""
    until, left = time.monotonic() + MOST_SECONDS, MOST_COUNTS
    asking.portal.hurry(MOST_SECONDS / 2)
    found: list[Hint] = []
    asked: list[Mapping[str, Any]] = []
    for probe in _probes(asking):
        wanted = _asking(asking, probe)
        cost = _cost(wanted) if wanted else 0
        if wanted is None or wanted.request in asked or not 0 < cost <= left:
            continue
        if time.monotonic() > until or (number := _counted(wanted)) is None:
            break
        left -= cost
        asked.append(wanted.request)
        if number:
            found.append(Hint(probe.says, number, {n: v for n, v in wanted.request.items() if v}))
    return found


def told(asking: Asking, found: Sequence[Hint]) -> list[str]:
    """The hints in words; where there are none, the rule that users forget most."""
    # Programs and DOIs, asked for by number, have told themselves what there is not; wildcards would be no advice.
    general = [] if asking.search.form.needs else [_in_general(asking)]
    return [_in_words(hint) for hint in found] or general


def _probes(asking: Asking) -> Iterator[Probe]:
    """The likeliest first."""
    criteria, target = asking.request.get("criteria") or {}, _target(asking)
    for says, changed in variants.of(criteria, asking.search.form):
        yield Probe(says, changed, target)
    if (wider := _target(asking, WIDER)) is not None:
        yield Probe("within a larger radius", criteria, wider)
    for name in criteria if len(criteria) > 1 or target else ():
        rest = {n: value for n, value in criteria.items() if n != name}
        yield Probe(f"without {name}", rest, target)


def _target(asking: Asking, times: float = 1) -> str | None:
    """Where was looked, as a target that no resolver must be asked about."""
    at = asking.facts.get("resolved")
    if not at:
        return None
    radius = min(at["radius"] * times, MAX_RADIUS)
    return f"{at['ra']} {at['dec']} r={radius:.6g}d"


def _asking(asking: Asking, probe: Probe) -> Asking | None:
    body = {"collection": asking.search.form.name, "criteria": probe.criteria, "target": probe.target}
    try:
        wanted = search.read({**body, "count_only": True, "expand": asking.search.expand}, lambda _: asking.search.form)
    except TopmastError:
        return None  # nothing that could be asked: the one criterion that selects was left out, for example
    return replace(asking, search=wanted, request=body, notes=[], facts={})


def _cost(asking: Asking) -> int:
    """How many counts a probe takes; 0 where MAST cannot count, since reading the rows would be no hint's price."""
    criteria = asking.search.criteria
    if COLLECTIONS[asking.search.form.name].count is None or asking.search.expand or filters.tested(criteria):
        return 0
    chosen = asking.search.criterion("instrument")
    services = asking.search.form.choices.get("instrument", ("",))
    asked = len(chosen.exact) if chosen else len(services)
    return asked if prod(c.questions for c in criteria) == 1 else 0


def _counted(asking: Asking) -> int | None:
    count = COLLECTIONS[asking.search.form.name].count
    try:
        asking.check()
        return count(asking) if count else None
    except TopmastError:
        return None


def _in_words(hint: Hint) -> str:
    rows = "1 row" if hint.count == 1 else f"{hint.count:,} rows"
    return f"There would be {rows} {hint.says}: {json.dumps(hint.request)}"


def _in_general(asking: Asking) -> str:
    if asking.search.target is not None:
        return "Nothing lies there: try a larger radius. Moving targets have no position; search them by target_name."
    return "Nothing fits: names are matched exactly; put * where they may go on (NGC6720*)."
