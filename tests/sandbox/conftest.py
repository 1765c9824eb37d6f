"""One sandbox for the tests of its wire, put back to its beginnings around each."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import urllib3

from tests.servers import SandboxProcess, start_sandbox


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    sandbox = start_sandbox(tmp_path_factory.mktemp("sandbox"), "--scale", "0.001")
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(running: SandboxProcess) -> Iterator[SandboxProcess]:
    settings = running.get("settings")
    running.post("requests/reset")
    yield running
    running.post("faults", rules=[])
    running.set(**settings)
    running.post("clock", now=datetime.now(UTC).isoformat())


@pytest.fixture
def http(sandbox: SandboxProcess) -> Iterator["Http"]:
    with urllib3.PoolManager(timeout=30, retries=False) as pool:
        yield Http(sandbox.url, pool)


class Http:
    """Requests to the sandbox by path."""

    def __init__(self, url: str, pool: urllib3.PoolManager) -> None:
        self.url, self._pool = url, pool

    def __call__(self, method: str, path: str, **more: object) -> urllib3.BaseHTTPResponse:
        return self._pool.request(method, self.url + path, **more)

    def file(self, uri: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
        """Ask Download/file; `headers` are written with underscores."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self(method, "/api/v0.1/Download/file", fields={"uri": uri}, headers=told)

    def invoke(self, service: str, **request: object) -> dict:
        """Ask the portal for json and return the answer."""
        asked = {"service": service, "params": {}, "format": "json"} | request
        return self("POST", "/api/v0/invoke", fields={"request": json.dumps(asked)}, encode_multipart=False).json()
