"""A real FTPS server on loopback, over boxes on disk."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ftps_site import Site

from topmast_service.embedded.certificate import Certificate, make_certificate
from topmast_service.ftps.doors import Doors
from topmast_service.ftps.server import FtpsSettings, make_server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("secrets"), ["topmast.example.org", "127.0.0.2"])


@pytest.fixture
def open_site(tmp_path: Path, certificate: Certificate) -> Iterator[Callable[..., Site]]:
    """Open a site with settings, and perhaps doors, of one's own."""
    stops: list[Callable[[], Any]] = []

    def open_one(doors: Doors | None = None, **settings: Any) -> Site:
        site = Site(tmp_path / "stage", certificate)
        listen = {"host": "127.0.0.1", "port": 0, "failed_login_delay": 0.05, "recheck_after": 0.0} | settings
        listen |= {"certificate": certificate.certificate, "private_key": certificate.private_key}
        server = make_server(FtpsSettings(**listen), doors or site.doors())
        site.port = server.address[1]
        stopped = threading.Event()

        def loop() -> None:
            with server:
                while not stopped.is_set():
                    server.ioloop.loop(timeout=0.02, blocking=False)
                    site.turns += 1

        thread = threading.Thread(target=loop)
        thread.start()
        stops.append(lambda: (stopped.set(), thread.join()))
        return site

    yield open_one
    for stop in stops:
        stop()


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    """One box of alice, one of bob."""
    opened = open_site()
    opened.publish("alice", "b_abc")
    opened.publish("bob", "b_bob", {"MANIFEST.HTML": b"bob's own\n"})
    return opened


@pytest.fixture
def client_tool() -> Callable[[str], str]:
    """The path of a client; skips where it is absent, but fails in CI, where it must be there."""

    def find(tool: str) -> str:
        found = shutil.which(tool)
        if found is None and os.environ.get("CI"):
            pytest.fail(f"{tool} is missing, and CI may not skip")
        return found or pytest.skip(f"{tool} is not installed")

    return find
