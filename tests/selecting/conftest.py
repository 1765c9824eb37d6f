"""What selections are made by, against a sandbox with the Primer's programs, its files a thousandth of their size."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import SandboxProcess, start_sandbox
from topmast_service.archive import patience, portal


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = start_sandbox(tmp_path_factory.mktemp("sandbox"), "--scale", "0.001")
    process.set(hold_seconds=0.02)
    yield process
    process.stop()


@pytest.fixture
def sandbox(running: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxProcess]:
    """The sandbox without faults, asked by a client whose pauses are short."""
    monkeypatch.setattr(patience, "POLL_PAUSE", 0.02)
    monkeypatch.setattr(portal, "EMPTY_PAUSES", (0.01, 0.02))
    running.post("requests/reset")
    yield running
    running.post("faults", rules=[])
