"""Three files while ten thousand are on their way for somebody else, against the same three alone.

Once from a MAST-like server, where connections are what is scarce, and once unhindered, where the processor is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import catalogue, service
from bench.catalogue import Observation
from bench.service import Service
from bench.telling import middle, say
from topmast import Client

BULK, SMALL, SIZE = 10_000, 3, 50_000
TIMES = 5
PACES = {"mast": service.MAST_LIKE, "unhindered": service.UNHINDERED}
AWAY = 1_000_000  # numbers of the small bundles' files: none is also in the bulk


def run(folder: Path, quick: bool) -> Iterator[dict[str, Any]]:
    """Measure; one line per pace."""
    bulk, times = (200, 1) if quick else (BULK, TIMES)
    most = 2 + len(PACES) * 2 * times
    small = [Observation(n, range(AWAY + SMALL * n, AWAY + SMALL * (n + 1))) for n in range(len(PACES) + 1, most + 1)]
    large = [Observation(n + 1, range(n * bulk, (n + 1) * bulk)) for n in range(len(PACES))]
    tables = catalogue.write(folder / "tables", [*large, *small], catalogue.file_size(SIZE))
    fresh = iter(small)
    with service.running(folder, tables) as topmast:
        for number, pace in enumerate([*PACES][: 1 if quick else None], 1):
            topmast.pace(**PACES[pace])
            yield _measured(topmast, number, pace, fresh, times) | {"bulk_files": bulk, "cores": service.cores()}


def _measured(topmast: Service, number: int, pace: str, fresh: Iterator[Observation], times: int) -> dict[str, Any]:
    with topmast.client(f"few{number}") as one, topmast.client() as other:
        alone = middle(lambda: _three(one, next(fresh)), times)
        bulk = other.bundle([number])
        while not bulk.progress.files_done:
            time.sleep(0.1)
            bulk = bulk.refresh()
        beside = middle(lambda: _three(one, next(fresh)), times)
        still = not bulk.refresh().done
        say(f"the bulk was {'still on its way' if still else 'done already'}: {bulk.refresh().raw['progress']}")
        bulk.abort()
    return {
        "pace": pace,
        "alone_s": round(alone, 2),
        "beside_bulk_s": round(beside, 2),
        "ratio": round(beside / alone, 2),
        "bulk_still_running": still,
    }


def _three(client: Client, observation: Observation) -> float:
    return service.staged(client, observation.obsid)[1]
