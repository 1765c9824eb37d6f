"""One sandbox and one astroquery for all protocol tests; settings, clock and counts start afresh in each."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.astroquery.astroquery_process import AstroqueryProcess
from tests.servers import SandboxProcess, start_sandbox


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox with the default catalogue, its files a thousandth of their real size."""
    sandbox = start_sandbox(tmp_path_factory.mktemp("sandbox"), "--scale", "0.001")
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="session")
def client(running: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AstroqueryProcess]:
    with AstroqueryProcess(running.url, tmp_path_factory.mktemp("astroquery")) as process:
        yield process


@pytest.fixture
def sandbox(running: SandboxProcess) -> Iterator[SandboxProcess]:
    """The running sandbox; what a test changes is put back."""
    settings = running.get("settings")
    running.post("requests/reset")
    yield running
    running.set(**settings)
    running.post("clock", now=datetime.now(UTC).isoformat())


@pytest.fixture
def run(sandbox: SandboxProcess, client: AstroqueryProcess) -> Callable[..., Any]:
    return client.run
