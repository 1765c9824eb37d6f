"""A query of observations with more rows than MAST gives, asked in parts: by the begin of the exposure.

MAST counts what it does not give, so the parts are known before they are asked for, and so is what they miss: rows
without ``t_min`` (planned ones), which no range finds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from topmast_service.archive import portal as limits
from topmast_service.archive.portal import Portal
from topmast_service.errors import RejectedByArchive

FIRST, LAST = 40_000.0, 100_000.0
"""MJD: from before the oldest of MAST's missions (1968) to the year 2132."""

SHORTEST = 1e-3
"""Days; exposures that begin together and are still too many are not divided further."""


def rows(portal: Portal, service: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """As `Portal.rows`; what MAST refuses for its size comes in parts.

    Raises
    ------
    UpstreamDown, RejectedByArchive
        As for `Portal.rows`; also where parts would give no more than one answer.
    """
    given = 0
    try:
        for row in portal.rows(service, params):
            given += 1
            yield row
        return
    except RejectedByArchive:
        number = 0 if given else portal.count(service, params)
        parts = list(_parts(portal, service, params, FIRST, LAST)) if number > limits.MOST_ROWS else []
        if sum(part for _, part in parts) <= limits.MOST_ROWS:
            raise
    for part, _ in parts:
        for row in portal.rows(service, part):
            given += 1
            yield row
    if given < number:
        portal.cut_off(f"{service} has {number} rows for this, and gave {given} in parts by t_min: some have none.")


def _parts(
    portal: Portal, service: str, params: Mapping[str, Any], first: float, last: float
) -> Iterator[tuple[dict[str, Any], int]]:
    """Queries that MAST answers, together all that begins between two dates, with their numbers of rows."""
    between = {"paramName": "t_min", "values": [{"min": first, "max": last}]}
    part = {**params, "filters": [*params["filters"], between]}
    number = portal.count(service, part)
    if 0 < number <= limits.MOST_ROWS:
        yield part, number
    elif number and last - first > SHORTEST:
        middle = (first + last) / 2
        yield from _parts(portal, service, params, first, middle)
        yield from _parts(portal, service, params, math.nextafter(middle, math.inf), last)
