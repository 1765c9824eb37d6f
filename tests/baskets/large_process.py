"""A process of its own that fills a basket with 200,000 files and looks at it in every way: ``<redis url> <data>``.

Prints what it found, and by how many MB it grew meanwhile.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from topmast_service import container
from topmast_service.config import Settings
from topmast_service.domain.basket import FACETS
from topmast_service.domain.rows import ask
from topmast_service.store import facets
from topmast_service.store.basket_tree import branch

FILES, OBSERVATIONS = 200_000, 400


def rows(count: int) -> Iterator[dict[str, Any]]:
    for n in range(count):
        name = f"jw01073{n % OBSERVATIONS:03}001_02101_{n:06}_nrcb1_{('uncal', 'cal')[n % 2]}.fits"
        yield {
            "dataURI": f"mast:JWST/product/{name}", "productFilename": name, "obs_id": f"jw01073{n % OBSERVATIONS:03}",
            "obs_collection": "JWST", "productType": "SCIENCE", "size": n, "mrp": n % 4 == 0, "calib_level": 1 + n % 2,
            "description": "exposure (L2b): 2D calibrated exposure average over integrations", "dataRights": "PUBLIC",
        }  # fmt: skip


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main(redis_url: str, data: str) -> None:
    baskets = container.for_api(Settings(data=Path(data), redis_url=redis_url), wake=lambda _: None).baskets
    basket, _ = baskets.create("alice", "large")
    baskets.add("alice", basket.id, "s_1", rows(1000), named=False)
    before = megabytes()
    added = baskets.add("alice", basket.id, "s_2", rows(FILES), named=False).count
    table = baskets.table("alice", basket.id)
    where = ask(table.askable, where=["productFilename:like:*_cal.fits", "access:eq:public"]).where
    ticked = baskets.tick("alice", basket.id, where, ticked=True).count
    page = table.page(ask(table.askable, sort="-size", limit=1000))
    tree = branch(table, "JWST", where, after="", limit=1000)
    counted = facets.of_table(table, ask(table.askable, where=["ticked:eq:true"], columns=",".join(FACETS)), 20)
    every = sum(1 for _ in baskets.ticked("alice", basket.id))
    found = {
        "added": added, "ticked": ticked, "page": [page.total, page.items[0]["size"]], "matching": counted.matching,
        "tree": [tree.total, sum(node.sums["count"] for node in tree.nodes)], "every": every,
    }  # fmt: skip
    sys.stdout.write(json.dumps(found | {"grew": megabytes() - before}))


if __name__ == "__main__":
    main(*sys.argv[1:])
