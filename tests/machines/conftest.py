"""What all machines share: a small MAST."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machines.mast import Mast
from topmast_service.workflows import fetch


@pytest.fixture(scope="module")
def mast() -> Iterator[Mast]:
    found = Mast()
    yield found
    found.stop()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds a file while others run stands still until they have given up."""
    monkeypatch.setattr(fetch, "_LOCK_WAIT", 0.01)
    monkeypatch.setattr(fetch, "_FLIGHT_WAIT", 0.02)
