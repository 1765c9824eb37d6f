"""CAOM observations: by criteria, by a cone, by id, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from topmast_service.archive import filters, parts
from topmast_service.archive.filters import batches
from topmast_service.archive.portal import Portal
from topmast_service.domain.criteria import Criterion

FILTERED, POSITION = "Mast.Caom.Filtered", "Mast.Caom.Filtered.Position"

IDS_PER_QUERY = 100


@dataclass(frozen=True)
class Cone:
    """A circle on the sky; degrees, ICRS."""

    ra: float
    dec: float
    radius: float


def search(portal: Portal, cone: Cone | None, criteria: Sequence[Criterion]) -> Iterator[dict[str, Any]]:
    """The observation rows that fit, each once, with MAST's columns unchanged."""
    seen: set[Any] = set()
    tested = filters.tested(criteria)
    for asked in filters.questions(criteria):
        for row in parts.rows(portal, api_of(cone), _params(cone, asked)):
            obsid = row.get("obsid")
            if (obsid is None or obsid not in seen) and filters.passes(row, tested):
                seen.add(obsid)
                yield row


def count(portal: Portal, cone: Cone | None, criteria: Sequence[Criterion]) -> int:
    """How many rows fit, without fetching them where MAST can count: one question, nothing to be tested.

    Otherwise they are fetched and counted, a page at a time.
    """
    asked = list(filters.questions(criteria))
    if len(asked) > 1 or filters.tested(criteria):
        return sum(1 for _ in search(portal, cone, criteria))
    return portal.count(api_of(cone), _params(cone, asked[0]))


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
            asked = [{"paramName": column, "values": list(batch)}]
            yield from portal.rows(FILTERED, {"columns": "*", "filters": asked})


def of_numbers(portal: Portal, numbers: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The rows of whole observations, by program (five digits) and observation (three): combined ones and exposures."""
    for program, observation in numbers:
        for name in (f"jw{program}-o{observation}", f"jw{program}{observation}"):
            asked = [{"paramName": "obs_id", "values": [], "freeText": f"{name}%"}]
            yield from portal.rows(FILTERED, {"columns": "*", "filters": asked})


def _params(cone: Cone | None, asked: list[dict[str, Any]]) -> dict[str, Any]:
    params: dict[str, Any] = {"columns": "*", "filters": asked}
    if cone is not None:
        params["position"] = f"{cone.ra}, {cone.dec}, {cone.radius}"
    return params
