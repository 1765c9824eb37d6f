"""Readers of rows that stop reading, against a real gunicorn: others are served, and their places come back."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from tests.api.served import start_api
from tests.api.site import Site
from tests.api.test_stalled_readers import IMPATIENT, ask, status

REGION = "POLYGON ICRS " + "283.396133214 33.028566671 " * 800
ROWS = [{"obs_id": f"jw{n}", "s_region": f"{REGION}{n}"} for n in range(1_000)]
"""Some 20 MB as CSV: far more than the sockets of both sides hold."""


def test_who_stops_reading_loses_the_place(site: Site, tmp_path: Path) -> None:
    path = f"/v1/searches/{site.search(rows=ROWS).id}/rows"
    config = tmp_path / "impatient.py"
    config.write_text(IMPATIENT)
    server, until = start_api(site, tmp_path, str(config)), time.monotonic() + 20
    try:
        with ExitStack() as stack:
            while (seen := status(server, site, f"{path}?format=csv")) == 200 and time.monotonic() < until:
                stack.callback(ask(server, site, f"{path}?format=csv").close)
            assert seen == 503
            assert status(server, site, f"{path}?limit=1") == 200
            while (seen := status(server, site, f"{path}?format=csv")) == 503 and time.monotonic() < until:
                time.sleep(0.1)
            assert seen == 200
    finally:
        server.stop()
