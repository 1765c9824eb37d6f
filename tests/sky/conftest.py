"""Skies on the API's own site: a real Redis, a directory, and a worker that draws in this process."""

from __future__ import annotations

import pytest

from tests.api.conftest import client, redis_process, site

__all__ = ["client", "redis_process", "site"]  # pytest finds fixtures by their names here


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of half the width: a quarter of the time."""
    monkeypatch.setattr("topmast_service.pictures.sky.DOTS_PER_INCH", 75)
