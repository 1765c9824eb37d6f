"""Clients that stop reading, against a real gunicorn: they lose their place, the others are served."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api.served import ApiProcess, start_api
from tests.api.site import OBSERVATION_FOLDER, Site

BIG = f"{OBSERVATION_FOLDER}/big.fits"
SIZE = 30_000_000  # far more than the sockets of both sides hold
IMPATIENT = """\
from topmast_service.api import gunicorn_settings
gunicorn_settings.SEND_TIMEOUT = 1
from topmast_service.api.gunicorn_settings import *
"""


@pytest.fixture
def server(site: Site, tmp_path: Path) -> Iterator[ApiProcess]:
    config = tmp_path / "impatient.py"
    config.write_text(IMPATIENT)
    started = start_api(site, tmp_path, str(config))
    yield started
    started.stop()


def ask(server: ApiProcess, site: Site, path: str, buffer: int = 4096) -> http.client.HTTPConnection:
    """A request whose answer nobody reads yet, beyond `buffer` bytes."""
    client = http.client.HTTPConnection(server.url.partition("//")[2], timeout=20)
    client.connect()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.request("GET", path, headers={"Authorization": f"Bearer {site.keys['ann']}"})
    return client


def status(server: ApiProcess, site: Site, path: str) -> int:
    client = ask(server, site, path, 1 << 20)
    try:
        return client.getresponse().status
    finally:
        client.close()


def test_stalled_readers_lose_their_places(server: ApiProcess, site: Site) -> None:
    path = f"/v1/bundles/{site.bundle(files={BIG: bytes(SIZE)}).id}/files/{BIG}"
    until = time.monotonic() + 20
    with ExitStack() as stack:
        while (seen := status(server, site, path)) == 200 and time.monotonic() < until:
            stack.callback(ask(server, site, path).close)
        assert seen == 503
        assert status(server, site, "/livez") == 200
        while (seen := status(server, site, path)) == 503 and time.monotonic() < until:
            time.sleep(0.1)
        assert seen == 200
