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
from topmast_service.workflows.search.asking import Asking, Collection, Found


def find(asking: Asking) -> Found:
    """The rows that fit, from any mission."""
    cone, resolved = located(asking)
    columns = [c for c in OBSERVATION.values() if cone is not None or c.name != "distance"]
    rows = observations.search(asking.portal, cone, asking.search.criteria)
    return Found(columns, rows, observations.api_of(cone), {"resolved": resolved})


def count(asking: Asking) -> int:
    """How many there are."""
    return observations.count(asking.portal, located(asking)[0], asking.search.criteria)


COLLECTION = Collection(find, count)


def located(asking: Asking) -> tuple[Cone | None, dict[str, Any] | None]:
    """Where to look, and what the answer says about it; what a user could not know becomes a note.

    Raises
    ------
    TargetNotResolved
        With the criteria to try, if the name is that of something in the solar system.
    """
    wanted: Target | None = asking.search.target
    if wanted is None:
        return None, None
    resolved: dict[str, Any] = {"target": wanted.text, "radius": wanted.radius, "radius_given": wanted.radius_given}
    if not wanted.radius_given:
        arcmin = f"{wanted.radius * 60:g} arcmin"
        asking.notes.append(f"No radius was given: {arcmin} were used (the Portal takes 0.2 degrees).")
    if wanted.name is not None:
        return _resolved(asking, wanted.name, wanted.radius, resolved)
    cone = Cone(float(wanted.ra or 0), float(wanted.dec or 0), wanted.radius)
    if wanted.galactic:
        resolved |= {"l": wanted.galactic[0], "b": wanted.galactic[1]}
    return cone, resolved | {"ra": cone.ra, "dec": cone.dec, "resolver": None}


def _resolved(asking: Asking, name: str, radius: float, told: dict[str, Any]) -> tuple[Cone, dict[str, Any]]:
    moving = solar_system.criteria(name)
    try:
        at = resolve(asking.upstream.resolver_url, name)
    except TargetNotResolved as unknown:
        if moving is None:
            raise
        raise TargetNotResolved(unknown.detail, hint=_moves(name, moving)) from unknown
    if moving is not None:
        asking.notes.append(_moves(name, moving))
    return Cone(at.ra, at.dec, radius), {
        **told, "ra": at.ra, "dec": at.dec, "resolver": at.resolver, "name": at.canonical,
    }  # fmt: skip


def _moves(name: str, criteria: dict[str, Any]) -> str:
    return (
        f"If {name} means a target of the solar system: MAST has no position for what moves, so no cone finds it. "
        f'Search without target, with "criteria": {json.dumps(criteria)}.'
    )
