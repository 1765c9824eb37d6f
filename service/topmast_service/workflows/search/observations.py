"""Observations: a cone, criteria, or both."""

from __future__ import annotations

from typing import Any

from topmast_service.archive import observations
from topmast_service.archive.observations import Cone
from topmast_service.archive.resolve import resolve
from topmast_service.domain.columns import OBSERVATION
from topmast_service.domain.target import Target
from topmast_service.workflows.search.asking import Asking, Collection, Found


def find(asking: Asking) -> Found:
    """The rows that fit, from any mission."""
    cone, resolved = _cone(asking)
    columns = [c for c in OBSERVATION.values() if cone is not None or c.name != "distance"]
    rows = observations.search(asking.portal, cone, asking.search.criteria)
    return Found(columns, rows, observations.api_of(cone), {"resolved": resolved})


def count(asking: Asking) -> int:
    """How many there are."""
    return observations.count(asking.portal, _cone(asking)[0], asking.search.criteria)


COLLECTION = Collection(find, count)


def _cone(asking: Asking) -> tuple[Cone | None, dict[str, Any] | None]:
    wanted: Target | None = asking.search.target
    if wanted is None:
        return None, None
    resolved: dict[str, Any] = {"target": wanted.text, "radius": wanted.radius, "radius_given": wanted.radius_given}
    if wanted.name is None:
        ra, dec = float(wanted.ra or 0), float(wanted.dec or 0)
        return Cone(ra, dec, wanted.radius), {**resolved, "ra": ra, "dec": dec, "resolver": None}
    at = resolve(asking.upstream.resolver_url, wanted.name)
    resolved |= {"ra": at.ra, "dec": at.dec, "resolver": at.resolver, "name": at.canonical}
    return Cone(at.ra, at.dec, wanted.radius), resolved
