"""Product lists, in batches small enough for MAST to finish them.

Listing, not bytes, is what times out first: lists of whole programs hung for hours, and the cure everybody found is a
few observations per request. A batch that times out is halved, down to one observation.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from topmast_service.archive.filters import batches
from topmast_service.archive.portal import Portal
from topmast_service.errors import UpstreamDown

Rows = list[dict[str, Any]]

SERVICE = "Mast.Caom.Products"


def listing(
    open_portal: Callable[[], Portal], obsids: Sequence[str], *, batch: int, connections: int
) -> Iterator[Rows]:
    """The product rows of the observations, duplicates included, a batch at a time, in the order they were asked for.

    Several batches are asked at once, each over a connection of its own (astroquery's objects share state between
    threads); never more than twice as many as connections are held, so memory does not grow with the list.

    Raises
    ------
    UpstreamDown
        Even a single observation could not be listed.
    """
    portals = threading.local()
    opened: list[Portal] = []

    def ask(group: list[str]) -> Rows:
        if not hasattr(portals, "mine"):
            portals.mine = open_portal()
            opened.append(portals.mine)
        return [row for rows in _group(portals.mine, group) for row in rows]

    try:
        with ThreadPoolExecutor(connections, thread_name_prefix="listing") as pool:
            yield from _in_order(pool, ask, batches(obsids, batch), 2 * connections)
    finally:
        for portal in opened:
            portal.close()


def _in_order(
    pool: ThreadPoolExecutor, ask: Callable[[list[str]], Rows], groups: Iterator[list[str]], most: int
) -> Iterator[Rows]:
    waiting: deque[Future[Rows]] = deque()
    try:
        for group in groups:
            waiting.append(pool.submit(ask, group))
            if len(waiting) > most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _group(portal: Portal, group: list[str]) -> Iterator[Rows]:
    try:
        rows = _ask(portal, group)
    except UpstreamDown:
        if len(group) == 1:
            raise
        middle = len(group) // 2
        yield from _group(portal, group[:middle])
        yield from _group(portal, group[middle:])
    else:
        yield rows


def _ask(portal: Portal, group: list[str]) -> Rows:
    return list(portal.rows(SERVICE, {"obsid": ",".join(group)}))
