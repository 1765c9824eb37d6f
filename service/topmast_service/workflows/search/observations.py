"""Observations: a cone, criteria, or both."""

from __future__ import annotations

import json
from typing import Any

from topmast_service.archive import observations
from topmast_service.archive.observations import Cone
from topmast_service.archive.resolve import resolve
from topmast_service.domain import solar_system
from topmast_service.domain.columns import OBSERVATION
from topmast_service.domain.target import Target
from topmast_service.errors import TargetNotResolved
from topmast_service.workflows.search import pasted
from topmast_service.workflows.search.asking import Asking, Collection, Found


def find(asking: Asking) -> Found:
    """The rows that fit, from any mission."""
    cone = located(asking)
    columns = [*asking.search.form.columns.values(), *([OBSERVATION["distance"]] if cone is not None else [])]
    rows = pasted.told(asking, observations.search(asking.portal, cone, asking.search.criteria))
    return Found(columns, rows, observations.api_of(cone))


def count(asking: Asking) -> int:
    """How many there are."""
    return observations.count(asking.portal, located(asking), asking.search.criteria)


COLLECTION = Collection(find, count)


def located(asking: Asking) -> Cone | None:
    """Where to look; what the answer says about it becomes a fact, and what a user could not know a note.

    Raises
    ------
    TargetNotResolved
        With the criteria to try, if the name is that of something in the solar system.
    """
    wanted: Target | None = asking.search.target
    if wanted is None:
        asking.facts |= {"resolved": None, "api": observations.api_of(None)}
        return None
    if not wanted.radius_given:
        arcmin = f"{wanted.radius * 60:g} arcmin"
        asking.notes.append(f"No radius was given: {arcmin} were used (the Portal takes 0.2 degrees).")
    ra, dec, told = _resolved(asking, wanted.name) if wanted.name is not None else _given(wanted)
    cone = Cone(ra, dec, wanted.radius)
    place = {"target": wanted.text, "radius": wanted.radius, "radius_given": wanted.radius_given, "ra": ra, "dec": dec}
    asking.facts |= {"resolved": place | told, "api": observations.api_of(cone)}
    return cone


def _given(wanted: Target) -> tuple[float, float, dict[str, Any]]:
    told = {"l": wanted.galactic[0], "b": wanted.galactic[1]} if wanted.galactic else {}
    return float(wanted.ra or 0), float(wanted.dec or 0), {"resolver": None, **told}


def _resolved(asking: Asking, name: str) -> tuple[float, float, dict[str, Any]]:
    moving = solar_system.criteria(name)
    try:
        at = resolve(asking.upstream.resolver_url, name)
    except TargetNotResolved as unknown:
        if moving is None:
            raise
        raise TargetNotResolved(unknown.detail, hint=_moves(name, moving)) from unknown
    if moving is not None:
        asking.notes.append(_moves(name, moving))
    return at.ra, at.dec, {"resolver": at.resolver, "name": at.canonical}


def _moves(name: str, criteria: dict[str, Any]) -> str:
    return (
        f"If {name} means a target of the solar system: MAST has no position for what moves, so no cone finds it. "
        f'Search without target, with "criteria": {json.dumps(criteria)}.'
    )
