"""A process of its own that puts files into a basket.

``<redis url> <data> <basket> <addition> <first> <count> [stop]``: with `stop` it says so, and waits to be killed, after
the rows are in the table and before the change is kept.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from topmast_service import container
from topmast_service.config import Settings
from topmast_service.store import basket_changes


def main(redis_url: str, data: str, basket: str, addition: str, *more: str) -> None:
    first, count, *stop = more
    if stop:
        basket_changes._sum_up = wait  # the last step before the change is kept
    api = container.for_api(Settings(data=Path(data), redis_url=redis_url), wake=lambda _: None)
    numbers = range(int(first), int(first) + int(count))
    rows = ({"dataURI": f"mast:JWST/product/{n:06}.fits", "size": 1, "description": "x" * 200} for n in numbers)
    api.baskets.add("alice", basket, addition, rows, named=False)


def wait(*_: object) -> None:
    sys.stdout.write("there\n")
    sys.stdout.flush()
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
