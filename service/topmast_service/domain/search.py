"""A search as its request asks for it: read and checked before anything is created, without asking MAST."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from topmast_service.domain import criteria, forms, target
from topmast_service.domain.criteria import Criterion
from topmast_service.domain.forms import Form
from topmast_service.domain.target import Target
from topmast_service.errors import EmptySelection, Invalid

_NARROW = "`not` and `null` only narrow what something else found."

_BOTH_ENDS = "An interval of samples is a day, a moment, or a range with both min and max."

FormOf = Callable[[str], Form]
"""The form of a collection by its name: the shipped one, or with what MAST says of its columns today."""


@dataclass(frozen=True)
class Search:
    """What is searched for. `max_age`: seconds within which an earlier answer to the same question will do."""

    form: Form
    criteria: tuple[Criterion, ...]
    target: Target | None
    expand: str | None
    count_only: bool
    max_age: float
    notes: tuple[str, ...]

    def criterion(self, column: str) -> Criterion | None:
        """What is asked of a column, if anything is."""
        return next((c for c in self.criteria if c.column.name == column), None)


def read(request: Mapping[str, Any], form_of: FormOf = forms.of) -> Search:
    """Read the body of ``POST /v1/searches`` (http.md).

    Raises
    ------
    Invalid, UnknownColumn, BadTarget, EmptySelection
        What MAST need not be asked for.
    """
    form = form_of(request.get("collection") or "observations")
    found, notes = criteria.parse(request.get("criteria") or {}, form.columns)
    wanted = target.parse(request["target"]) if request.get("target") is not None else None
    expand = request.get("expand")
    _check_members(form, wanted, expand)
    _check_values(form, found)
    _check_selects(form, found, wanted)
    max_age = float(request.get("max_age") or 0)
    return Search(form, tuple(found), wanted, expand, bool(request.get("count_only")), max_age, tuple(notes))


def _check_members(form: Form, wanted: Target | None, expand: str | None) -> None:
    if wanted is not None and not form.target:
        raise _refused("target", f"{form.name} takes no target.", [])
    if expand is not None and expand not in form.expands:
        raise _refused("expand", f"{form.name} cannot be expanded to {expand!r}.", form.expands)


def _check_values(form: Form, found: Iterable[Criterion]) -> None:
    for criterion in found:
        allowed = form.choices.get(criterion.column.name)
        if criterion.column.name in form.intervals and not _whole(criterion):
            raise _refused(f"criteria/{criterion.column.name}", _BOTH_ENDS, ['{"min": …, "max": …}'])
        name, given = criterion.column.name, (*criterion.exact, *criterion.patterns)
        if allowed and (unknown := [g for g in given if g.casefold() not in allowed]):
            raise _refused(f"criteria/{name}", f"{unknown[0]!r} is no {name} here.", allowed)
        if allowed and not criterion.exact:
            raise _refused(f"criteria/{name}", f"{name} takes names, not conditions.", allowed)


def _whole(criterion: Criterion) -> bool:
    return criterion.asked_of_mast and criterion.low is not None and criterion.high is not None


def _check_selects(form: Form, found: Iterable[Criterion], wanted: Target | None) -> None:
    selecting = {c.column.name for c in found if c.asked_of_mast} - {*form.choices, *form.intervals}
    if missing := [name for name in form.needs if name not in selecting]:
        raise EmptySelection(f"A search of {form.name} needs the criterion {missing[0]}.", hint=_NARROW)
    if wanted is None and not selecting:
        one = "a target, or a criterion" if form.target else "a criterion"
        hint = f"Try the target `m57 r=1m`; {_NARROW}" if form.target else _NARROW
        raise EmptySelection(f"A search of {form.name} needs {one} that says what to find.", hint=hint)


def _refused(member: str, detail: str, suggestions: Iterable[str]) -> Invalid:
    at = {"pointer": f"/{member}", "detail": detail, "suggestions": list(suggestions)}
    return Invalid(detail, errors=[at])
