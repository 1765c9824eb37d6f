"""The pictures of the documentation: `make pictures`.

Starts the service with its sandbox, searches, and fetches the sky plots through the API, as any user would; has a
bundle staged and downloaded, and photographs its MANIFEST.HTML with a headless Chromium, if there is one. The files
come out the same for the same catalogue, but for the days in them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

import topmast

INTO = Path(__file__).parent / "pictures"
START_WITHIN, WITHIN = 90, 120
LARGEST = 300_000
"""Bytes of a picture: more is too much for a page of text."""

PICTURES: dict[str, dict[str, Any]] = {
    "m57.png": {"target": "m57 r=1.5m", "mission": "JWST"},
    "mosaic.png": {"mission": "JWST", "proposal_id": "1345", "instrument_name": "NIRCAM*"},
}
"""File and search: M 57 around its target; CEERS, a program that covers a field with a mosaic."""

MANIFEST = INTO / "manifest.png"
LOST = "*_miri_f560w_cat.ecsv"
"""A file that the sandbox is told not to have."""

BROWSER = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--hide-scrollbars", "--window-size=1440,1180",
)  # fmt: skip


def main() -> int:
    """Make them all; 0 when each is there and of a decent size."""
    INTO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, service(Path(folder) / "data") as client:
        sizes = [picture(client, INTO / name, wanted) for name, wanted in PICTURES.items()]
        if shutil.which("chromium"):
            sizes.append(manifest(client, Path(folder)))
        else:
            sys.stdout.write(f"{MANIFEST.name} stays as it is: there is no chromium here\n")
    return int(any(size > LARGEST for size in sizes))


def picture(client: topmast.Client, path: Path, wanted: dict[str, Any]) -> int:
    """Search, fetch the plot, and say how large it is."""
    found = client.search(timeout=WITHIN, **wanted)
    size = found.sky(path, timeout=WITHIN).stat().st_size
    sys.stdout.write(f"{path.name}: {found.count} rows, {size:,} bytes\n")
    return size


def manifest(client: topmast.Client, folder: Path) -> int:
    """Stage images of M 57, one of which MAST has lost, and one that is exclusive; photograph the box's page."""
    lose(json.loads((folder / "data" / "endpoint.json").read_text())["sandbox_url"], LOST)
    found = client.search("m57 r=1.5m", mission="JWST", calib_level=3, instrument_name="*/IMAGE", timeout=WITHIN)
    exclusive = client.search(proposal_id="5191", calib_level=3, instrument_name="MIRI/IMAGE", timeout=WITHIN)
    chosen = [*list(found.rows())[:12], *list(exclusive.rows())[:1]]
    asked = client.bundle(chosen, types=["SCIENCE", "PREVIEW"], levels=3, label="M 57 with NIRCam and MIRI")
    asked.wait(timeout=WITHIN).download(folder / "box")
    return photograph(folder / "box" / "MANIFEST.HTML", folder)


def lose(sandbox: str, uri: str) -> None:
    """Have the sandbox answer 404 for the files that fit `uri`."""
    rule = json.dumps({"uri": uri, "fault": "status", "status": 404}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{sandbox}/_sandbox/faults", rule), timeout=10):  # noqa: S310
        pass


def photograph(page: Path, folder: Path) -> int:
    """A picture of the page's beginning, in 200 colours: a third of the bytes."""
    command = [*BROWSER, f"--user-data-dir={folder / 'profile'}", f"--screenshot={folder / 'whole.png'}", page.as_uri()]
    subprocess.run(command, check=True, timeout=WITHIN, capture_output=True)  # noqa: S603 - ours
    Image.open(folder / "whole.png").convert("RGB").quantize(200).save(MANIFEST, optimize=True)
    size = MANIFEST.stat().st_size
    sys.stdout.write(f"{MANIFEST.name}: {size:,} bytes\n")
    return size


@contextmanager
def service(folder: Path) -> Iterator[topmast.Client]:
    """A client of the service with its sandbox; stopped at the end, whatever happened."""
    command = [sys.executable, "-m", "topmast_service.cli", "up", "--sandbox", "--port", "0", "--data", str(folder)]
    folder.mkdir()
    with (folder / "up.log").open("wb") as log:
        up = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603 - ours
    try:
        until = time.monotonic() + START_WITHIN
        while not (folder / "endpoint.json").exists():
            if up.poll() is not None or time.monotonic() > until:
                sys.exit(f"`up` did not start:\n{(folder / 'up.log').read_text()}")
            time.sleep(0.1)
        with topmast.Client.from_endpoint(folder / "endpoint.json") as client:
            yield client
    finally:
        up.terminate()
        up.wait(60)


if __name__ == "__main__":
    sys.exit(main())
