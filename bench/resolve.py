"""From observations to the list of their files: 250,000 rows, nine of ten listed before, 200 ms per request.

topmast from POST until its files are on the work list (listed, each once, selected) against the loop of the JWST
primer: `get_product_list` per observation, `vstack`, `unique`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import catalogue, rivals, service
from bench.catalogue import Observation
from bench.service import Service
from bench.telling import say, taking

OBSERVATIONS, ROWS_EACH, PARENTS = 250, 1000, 10
LATENCY = 0.2


def run(folder: Path, quick: bool) -> Iterator[dict[str, Any]]:
    """Measure; one line."""
    observations = 12 if quick else OBSERVATIONS
    each = 40 if quick else ROWS_EACH
    files = observations * each // PARENTS
    # Each file is listed by ten observations, as an association's exposures are by all that used them.
    listed = [Observation(n + 1, [(n * each // PARENTS + k) % files for k in range(each)]) for n in range(observations)]
    tables = catalogue.write(folder / "tables", listed, catalogue.file_size(1))
    with service.running(folder, tables) as topmast:
        topmast.pace(latency_seconds=0.01 if quick else LATENCY)
        theirs = rivals.astroquery(rivals.PRIMER, topmast.mast, folder, str(observations))
        before = topmast.peak_memory("query")
        ours, found = _resolved(topmast, observations)
        peak = topmast.peak_memory("query")
    if not found == theirs["files"] == files:
        raise RuntimeError(f"{files} files: topmast found {found}, the loop {theirs['files']}")
    yield {
        "observations": observations,
        "rows": int(theirs["rows"]),
        "files": files,
        "topmast_s": round(ours, 2),
        "primer_s": round(theirs["seconds"], 2),
        "vs_primer": round(theirs["seconds"] / ours, 2),
        "topmast_peak_mb": round(peak / 1e6),
        "topmast_idle_mb": round(before / 1e6),
        "primer_peak_mb": round(theirs["peak"] / 1e6),
        "memory_share": round(peak / theirs["peak"], 2),
        "cores": service.cores(),
    }


def _resolved(topmast: Service, observations: int) -> tuple[float, int]:
    """Seconds until the job left the step `resolve`, and how many files it then has."""
    with topmast.client() as client:
        with taking(f"topmast, {observations} observations") as taken:
            bundle = client.bundle(list(range(1, observations + 1)))
            while bundle.raw["step"] == "resolve" and not bundle.done:
                time.sleep(0.05)
                bundle = bundle.refresh()
        say(f"{bundle.raw['progress']}")
        bundle.abort()
    return taken.value, int(bundle.raw["progress"]["files_total"])
