"""Product lists, in batches small enough for MAST to finish them.

Listing, not bytes, is what times out first: lists of whole programs hung for hours, and the cure everybody found is a
few observations per request. A batch that times out is halved, down to one observation. An empty answer may mean
"busy" (user-pains, 20), so it is asked again before it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from topmast_service.archive.observations import batches
from topmast_service.archive.portal import Portal
from topmast_service.errors import UpstreamDown

SERVICE = "Mast.Caom.Products"
EMPTY_PAUSES = (0.2, 1.0)
"""Seconds before an empty list is asked again; after the last one it is believed."""


def listing(
    portal: Portal, obsids: Sequence[str], batch: int, pause: Callable[[float], None]
) -> Iterator[list[dict[str, Any]]]:
    """The product rows of the observations, duplicates included, a batch at a time.

    Raises
    ------
    UpstreamDown
        Even a single observation could not be listed.
    """
    for group in batches(obsids, batch):
        yield from _group(portal, group, pause)


def _group(portal: Portal, group: list[str], pause: Callable[[float], None]) -> Iterator[list[dict[str, Any]]]:
    try:
        rows = _believed(portal, group, pause)
    except UpstreamDown:
        if len(group) == 1:
            raise
        middle = len(group) // 2
        yield from _group(portal, group[:middle], pause)
        yield from _group(portal, group[middle:], pause)
    else:
        yield rows


def _believed(portal: Portal, group: list[str], pause: Callable[[float], None]) -> list[dict[str, Any]]:
    rows = _ask(portal, group)
    for seconds in EMPTY_PAUSES:
        if rows:
            break
        pause(seconds)
        rows = _ask(portal, group)
    return rows


def _ask(portal: Portal, group: list[str]) -> list[dict[str, Any]]:
    return list(portal.rows(SERVICE, {"obsid": ",".join(group)}))
