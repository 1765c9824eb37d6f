"""One sandbox for all, with observations for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.catalogue import catalogue
from tests.servers import SandboxProcess, start_sandbox

QUICK = {"bytes_per_second": 0, "first_byte_seconds": 0}

SMALL, LARGE = 100, 1400
"""Blocks: 288 kB, and 4 MB, which takes long enough to be interrupted."""

FILES = {
    500: [LARGE if place % 50 == 0 else SMALL for place in range(500)],
    60: [LARGE // 2 if place % 30 == 0 else SMALL for place in range(60)],
    1: [LARGE],
    2: [LARGE],
    20: [SMALL] * 20,
    21: [SMALL] * 20,
    30: [SMALL] * 30,
}
"""Sizes in blocks of the files of each observation."""


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    process = start_sandbox(folder, "--catalog", str(catalogue(folder, FILES)))
    yield process
    process.stop()


@pytest.fixture
def sandbox(everything: SandboxProcess) -> Iterator[SandboxProcess]:
    """Quick, without faults, its counters at zero; and so again afterwards."""
    everything.set(**QUICK)
    everything.post("requests/reset")
    yield everything
    everything.post("faults", rules=[])
    everything.set(**QUICK)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for one installation."""
    return tmp_path
