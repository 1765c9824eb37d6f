"""The same files again for another user: nothing to fetch, everything to check, link and publish.

Against ``cp -al``, which only makes the links, and over growing numbers: the exponent says whether ten times the files
take ten times the time.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import catalogue, rivals, service
from bench.catalogue import Observation
from bench.service import Service
from bench.telling import middle

SIZES, QUICK_SIZES = (1_000, 10_000, 50_000), (20, 40, 80)
TIMES = 3


def run(folder: Path, quick: bool) -> Iterator[dict[str, Any]]:
    """Measure; one line per number of files, the last with the exponent."""
    sizes = QUICK_SIZES if quick else SIZES
    observations = [Observation(number, range(size)) for number, size in enumerate(sizes, 1)]
    tables = catalogue.write(folder / "tables", observations, catalogue.file_size(1))
    times: dict[int, float] = {}
    with service.running(folder, tables, mast_connections=16) as topmast:
        with topmast.client() as client:
            service.staged(client, len(sizes))
        for number, size in enumerate(sizes, 1):
            times[size], copied = _again(topmast, folder, number, 1 if quick else TIMES)
            yield _line(times, size, copied)


def _again(topmast: Service, folder: Path, number: int, often: int) -> tuple[float, float]:
    copies: list[float] = []

    def once() -> float:
        user = f"reader{number}x{len(copies)}"
        with topmast.client(user) as client:
            bundle, ours = service.staged(client, number)
            copies.append(rivals.copy(topmast.box(bundle), folder / "copy"))
            shutil.rmtree(folder / "copy")
            bundle.delete()
        return ours

    return middle(once, often), sorted(copies)[often // 2]


def _line(times: dict[int, float], size: int, copied: float) -> dict[str, Any]:
    line = {
        "files": size,
        "topmast_s": round(times[size], 2),
        "cp_al_s": round(copied, 3),
        "vs_cp_al": round(times[size] / copied, 1),
        "cores": service.cores(),
    }
    if len(times) < 3:
        return line
    (fewer, less), (more, longer) = list(times.items())[-2:]
    return line | {"exponent": round(math.log(longer / less) / math.log(more / fewer), 2)}
