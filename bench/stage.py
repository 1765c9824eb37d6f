"""Staging against the loop that everybody writes: the same files, the same slow MAST, side by side in one run.

The sandbox answers each file after 100 ms and sends 20 MB/s over one connection, as MAST roughly does. astroquery's
`download_products` fetches one after the other (HEAD, then GET); topmast with 5 and 16 connections, from POST to
COMPLETED: listed, fetched, hashed, published. No time is asserted anywhere; the ratio is the result.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.live import start_up

import topmast

FILES, SIZE = 100, 2880 * 400  # 1.15 MB each
FIRST_BYTE, RATE = 0.1, 20e6
CONNECTIONS = (5, 16)

LOOP = """
import sys
from astropy.config.configuration import get_config
get_config('astroquery', rootname='astropy')['mast'] = {'server': sys.argv[1]}
from astroquery.mast import Observations
products = Observations.get_product_list('1')
Observations.download_products(products, download_dir=sys.argv[2])
"""


def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        tables = _catalogue(Path(folder) / "tables")
        for connections in CONNECTIONS:
            _line(connections, *_both(Path(folder), tables, connections))


def _both(folder: Path, tables: Path, connections: int) -> tuple[float, float]:
    data = folder / f"data{connections}"
    env = {"TOPMAST_MAST_CONNECTIONS": str(connections)}
    up = start_up(data, "--sandbox", "--catalog", str(tables), env=env)
    try:
        _slow(up.endpoint["sandbox_url"])
        with topmast.Client(up.endpoint["url"], up.endpoint["api_key"]) as client:
            ours = _timed(lambda: client.bundle(["1"]).wait(timeout=600))
        loop = [sys.executable, "-c", LOOP, up.endpoint["sandbox_url"], str(folder / f"loop{connections}")]
        theirs = _timed(lambda: subprocess.run(loop, check=True, capture_output=True, timeout=900))
    finally:
        up.stop()
    return ours, theirs


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _slow(sandbox: str) -> None:
    body = json.dumps({"first_byte_seconds": FIRST_BYTE, "bytes_per_second": RATE}).encode()
    with urllib.request.urlopen(f"{sandbox}/_sandbox/settings", body, timeout=10) as answer:  # noqa: S310 - loopback
        answer.read()


def _line(connections: int, ours: float, theirs: float) -> None:
    told = {"bench": "stage", "files": FILES, "file_bytes": SIZE, "connections": connections}
    measured = {"topmast_s": round(ours, 2), "astroquery_s": round(theirs, 2), "ratio": round(theirs / ours, 1)}
    print(json.dumps(told | measured))


def _catalogue(folder: Path) -> Path:
    folder.mkdir()
    names = [f"jw01000001001_02101_{n:05}_nrcb1_cal.fits" for n in range(FILES)]
    observation = {
        "obsid": 1, "obs_id": "jw01000-o001_t001_nircam_clear-f200w", "obs_collection": "JWST", "calib_level": 3,
        "dataRights": "PUBLIC", "t_obs_release": 59000,
    }  # fmt: skip
    products = [
        {"parent_obsid": 1, "obsID": 1, "dataURI": f"mast:JWST/product/{name}", "productFilename": name,
         "obs_id": name[:-9],
         "obs_collection": "JWST", "productType": "SCIENCE", "productSubGroupDescription": "CAL", "calib_level": 2,
         "productGroupDescription": "Minimum Recommended Products", "dataRights": "PUBLIC", "size": SIZE}
        for name in names
    ]  # fmt: skip
    for name, rows in (("observations", [observation]), ("products", products)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
    return folder
