"""The API under gunicorn, as `topmast-service api` starts it, with a worker that ends every job at once
and draws nothing.

    server = start_api(site, log)       # server.url; server.stop()

gunicorn calls `create` in its own process.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask

from tests.api.site import Site, ended_at_once
from topmast_service.api.app import create_app
from topmast_service.archive.tokens import Who
from topmast_service.config import as_environment, from_environment
from topmast_service.container import for_api
from topmast_service.workflows.sky import Wanted
from topmast_service.workflows.tokens import MastTokens

ROOT = Path(__file__).parents[2]
START_WITHIN = 60.0


@dataclass
class ApiProcess:
    """A running API."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self.process.terminate()
        self.process.wait(20)


def start_api(
    site: Site, folder: Path, config: str = "python:topmast_service.api.gunicorn_settings", more: Sequence[str] = ()
) -> ApiProcess:
    """Serve `site` on a free port of loopback, with this ``--config`` of gunicorn and `more` of its options; the
    site's `public_url` is that port.
    """
    log = folder / "api.log"
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        port, number = listener.getsockname()[1], listener.fileno()
        words = [
            f"--config={config}",
            "--no-control-socket",
            f"--bind=fd://{number}",
            "--keep-alive=15",
            *more,
        ]
        environment = as_environment(replace(site.settings, public_url=f"http://127.0.0.1:{port}"))
        environment |= {"PYTHONPATH": os.pathsep.join(sys.path)}  # the code that is tested, wherever it lies
        command = [sys.executable, "-m", "gunicorn", *words, f"--threads={site.settings.api_threads}"]
        process = subprocess.Popen(
            [*command, "tests.api.served:create()"],
            pass_fds=[number], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    return _ready(ApiProcess(f"http://127.0.0.1:{port}", process, log))


def create() -> Flask:
    """What gunicorn serves."""
    api = for_api(
        from_environment(),
        wake=lambda job: ended_at_once(api, job),
        draw=lambda *wanted: api.skies.path(Wanted(*wanted)).write_bytes(b"\x89PNG\r\n\x1a\n"),
    )
    return create_app(replace(api, mast_tokens=MastTokens(api.stores.tokens, lambda token: Who("Ann Example", ()))))


def _ready(server: ApiProcess) -> ApiProcess:
    until = time.monotonic() + START_WITHIN
    while "Booting worker" not in server.log.read_text():
        if server.process.poll() is not None or time.monotonic() > until:
            server.process.kill()
            server.process.wait()
            raise RuntimeError(server.log.read_text())
        time.sleep(0.05)
    return server
