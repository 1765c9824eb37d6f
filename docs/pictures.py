"""The pictures of docs/searching.md: `make pictures`.

Starts the service with its sandbox, searches, and fetches the sky plots through the API, as any user would. The files
come out the same for the same catalogue, but for the days in their captions.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def main() -> int:
    """Make them all; 0 when each is there and of a decent size."""
    INTO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as client:
        sizes = {name: picture(client, INTO / name, wanted) for name, wanted in PICTURES.items()}
    return int(any(size > LARGEST for size in sizes.values()))


def picture(client: topmast.Client, path: Path, wanted: dict[str, Any]) -> int:
    """Search, fetch the plot, and say how large it is."""
    found = client.search(timeout=WITHIN, **wanted)
    size = found.sky(path, timeout=WITHIN).stat().st_size
    sys.stdout.write(f"{path.name}: {found.count} rows, {size:,} bytes\n")
    return size


@contextmanager
def service(folder: Path) -> Iterator[topmast.Client]:
    """A client of the service with its sandbox; stopped at the end, whatever happened."""
    command = [sys.executable, "-m", "topmast_service.cli", "up", "--sandbox", "--port", "0", "--data", str(folder)]
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
