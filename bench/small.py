"""Ten thousand small files, nothing throttled: what a file costs beside its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import catalogue, rivals, service
from bench.catalogue import Observation

FILES, SIZE = 10_000, 50_000
CONNECTIONS = 16


def run(folder: Path, quick: bool) -> Iterator[dict[str, Any]]:
    """Measure; one line."""
    files = range(40 if quick else FILES)
    size = catalogue.file_size(SIZE)
    tables = catalogue.write(folder / "tables", [Observation(1, files)], size)
    with service.running(folder, tables, mast_connections=CONNECTIONS) as topmast:
        ceiling = rivals.ceiling(topmast.mast, folder, files, CONNECTIONS)[0]
        with topmast.client() as client:
            ours = service.staged(client, 1)[1]
        aria2c = rivals.aria2c(topmast.mast, folder / "aria2c", files, CONNECTIONS)
        curl = rivals.curl(topmast.mast, folder / "curl", files, CONNECTIONS)
    yield {
        "connections": CONNECTIONS,
        "topmast_s": round(ours, 2),
        "aria2c_s": round(aria2c, 2),
        "curl_s": round(curl, 2),
        "vs_aria2c": round(aria2c / ours, 2),
        "vs_curl": round(curl / ours, 2),
        "files": len(files),
        "file_bytes": size,
        "topmast_files_s": round(len(files) / ours),
        "sandbox_ceiling_files_s": round(ceiling),
        "cores": service.cores(),
    }
