"""Staging from a MAST-like server with a cold cache: the same files, the same line, side by side in one run.

topmast from POST to COMPLETED (listed, fetched, hashed, published) against `download_products` of the unmodified
astroquery, one file after the other as it does, and against ``aria2c -x1 -jN`` followed by ``sha256sum``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import catalogue, rivals, service
from bench.catalogue import Observation

FILES, SIZE = 400, 4_000_000
CONNECTIONS = (5, 16)
FIRST_BYTE, RATE = service.MAST_LIKE["first_byte_seconds"], service.MAST_LIKE["bytes_per_second"]


def run(folder: Path, quick: bool) -> Iterator[dict[str, Any]]:
    """Measure; one line per number of connections."""
    files = range(8 if quick else FILES)
    size = catalogue.file_size(SIZE // 100 if quick else SIZE)
    tables = catalogue.write(folder / "tables", [Observation(1, files)], size)
    slowest = 0.0
    for connections in CONNECTIONS[:1] if quick else CONNECTIONS:
        with service.running(folder, tables, mast_connections=connections) as topmast:
            ceiling = rivals.ceiling(topmast.mast, folder, files, connections)[1]
            topmast.pace(**service.MAST_LIKE)
            topmast.fault(service.LATE_HEADS)
            with topmast.client() as client:
                ours = service.staged(client, 1)[1]
            # Its speed does not depend on N, and it takes two minutes: once is enough.
            slowest = slowest or _astroquery(topmast.mast, folder, len(files))
            aria2c = rivals.aria2c(topmast.mast, folder / f"aria2c{connections}", files, connections)
        yield {
            "connections": connections,
            "topmast_s": round(ours, 2),
            "astroquery_s": round(slowest, 2),
            "aria2c_s": round(aria2c, 2),
            "vs_astroquery": round(slowest / ours, 2),
            "vs_aria2c": round(aria2c / ours, 2),
            "vs_astroquery_if_head_were_instant": round((slowest - len(files) * FIRST_BYTE) / ours, 2),
            "best_possible_s": round(len(files) / connections * (FIRST_BYTE + size / RATE), 2),
            "files": len(files),
            "file_bytes": size,
            "sandbox_ceiling_mb_s": round(ceiling / 1e6),
            "line_mb_s": round(connections * size / (FIRST_BYTE + size / RATE) / 1e6),
            "cores": service.cores(),
        }


def _astroquery(mast: str, folder: Path, files: int) -> float:
    told = rivals.astroquery(rivals.DOWNLOAD, mast, folder, "1", str(folder / "astroquery"))
    if told["files"] != files:
        raise RuntimeError(f"astroquery fetched {told['files']} of {files}")
    shutil.rmtree(folder / "astroquery")
    return told["seconds"]
