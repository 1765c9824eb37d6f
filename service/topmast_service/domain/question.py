"""When two searches ask the same: what of a request decides the rows, written in one way."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from topmast_service.domain.criteria import Criterion
from topmast_service.domain.search import Search
from topmast_service.domain.target import Target

_RULES = 1
"""Grows when the same request comes to mean other rows: answers of an earlier release are then not taken for it."""

OWN = frozenset({"engineering", "products"})
"""Collections whose rows answer nobody else's question: they are for one user's token, or of one search."""


def digest(search: Search) -> str | None:
    """What identical questions have in common; None where nobody may have another's answer.

    Letter case does not matter to MAST's comparisons, nor does the order of criteria and values; a label or `max_age`
    says nothing about the rows.
    """
    if search.form.name in OWN:
        return None
    asked = [
        _RULES,
        search.form.name,
        search.expand,
        search.count_only,
        _place(search.target),
        sorted(map(_condition, search.criteria)),
    ]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _place(target: Target | None) -> list[Any] | None:
    if target is None:
        return None
    name = " ".join(target.name.casefold().split()) if target.name else None
    return [name, target.ra, target.dec, target.radius]


def _condition(criterion: Criterion) -> str:
    exact, patterns = (sorted(v.casefold() for v in values) for values in (criterion.exact, criterion.patterns))
    limits = [criterion.low, criterion.high, criterion.negated, criterion.null]
    return json.dumps([criterion.column.name, exact, patterns, limits])
