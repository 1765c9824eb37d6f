"""The whole service as a newcomer starts it, with the sandbox as its MAST, and the SDK as its user."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import topmast
from tests.live import Up, start_up
from tests.workflows.conftest import OBSERVATIONS, PRODUCTS, observation, product, write_catalogue

LEASE = "3"
"""Seconds: what a killed worker held is taken over quickly enough for a test."""

BULK_FILES, BULK_SIZE = 120, 2880 * 100


@dataclass
class Live:
    """A running installation and its user."""

    up: Up
    client: topmast.Client

    def sandbox(self, path: str, **body: Any) -> Any:
        """The sandbox's own switches: POST with a body, else GET."""
        data = json.dumps(body).encode() if body else None
        address = f"{self.up.endpoint['sandbox_url']}/_sandbox/{path}"
        with urllib.request.urlopen(urllib.request.Request(address, data), timeout=10) as answer:
            return json.load(answer)

    def asked(self) -> dict[str, Any]:
        """What the sandbox was asked per file."""
        return dict(self.sandbox("requests")["files"])


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflows' small catalogue, and one observation with many files (7: a hundred and twenty)."""
    names = [f"jw04545001001_02101_{n:05}_nrcb1_cal.fits" for n in range(BULK_FILES)]
    bulk = [product(7, name, size=BULK_SIZE, calib_level=2) for name in names]
    away = {"target_name": "BULK", "instrument_name": "NIRCAM/IMAGE", "s_ra": 10.0}
    rows = [*OBSERVATIONS, observation(7, "jw04545-o001_t001_nircam_clear-f200w", **away)]
    return write_catalogue(tmp_path_factory.mktemp("catalogue") / "tables", rows, [*PRODUCTS, *bulk])


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory, catalogue: Path) -> Iterator[Live]:
    data = tmp_path_factory.mktemp("up") / "data"
    up = start_up(
        data, "--sandbox", "--catalog", str(catalogue), env={"TOPMAST_LEASE": LEASE, "TOPMAST_MAX_AGE": "3600"}
    )
    with topmast.Client(up.endpoint["url"], up.endpoint["api_key"]) as client:
        yield Live(up, client)
    assert up.stop() == 0


@pytest.fixture
def live(installation: Live) -> Iterator[Live]:
    """The installation with a sandbox as quick as it can be, before and after."""
    quick = {"first_byte_seconds": 0, "bytes_per_second": 0, "latency_seconds": 0, "slow_polls": 0}
    installation.sandbox("settings", **quick)
    yield installation
    installation.sandbox("settings", **quick)
