"""What all machines share: a small MAST."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machines.mast import Mast


@pytest.fixture(scope="module")
def mast() -> Iterator[Mast]:
    found = Mast()
    yield found
    found.stop()
