"""The site of tests/workflows with a MAST of its own: files of every kind, and names that nobody should have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import SandboxProcess, start_sandbox
from tests.workflows.conftest import observation, product, redis_process, site, write_catalogue

__all__ = ["redis_process", "sandbox", "site"]  # pytest finds fixtures by their names here

I2D = "jw02736-o007_t001_nircam_clear-f090w_i2d.fits"
UNCAL = "jw02736007001_02101_00001_nrca1_uncal.fits"
MSA = "jw02736007001_01_msa.fits"
HOSTILE: dict[str, dict[str, Any]] = {
    "h01_i2d.fits": {"productFilename": "../../../etc/passwd", "obs_id": ".."},
    "h02_i2d.fits": {"productFilename": "two\nlines_i2d.fits", "obs_id": "jw02736-o007_\n"},
    "h03_i2d.fits": {"productFilename": "n" * 300 + "_i2d.fits", "obs_id": "o" * 300},
    "h04_i2d.fits": {"productFilename": "étoile_✨_i2d.fits", "obs_id": "nébuleuse"},
    "h05_i2d.fits": {"productFilename": "MANIFEST.HTML", "obs_id": "jw02736-o007_t001"},
    "h06_i2d.fits": {"productFilename": "clash_i2d.fits", "obs_id": "jw02736-o007_t001"},
    "h07_i2d.fits": {"productFilename": "CLASH_i2d.fits", "obs_id": "jw02736-o007_t001"},
    "h08_i2d.fits": {"productFilename": "-rf", "obs_id": ".hidden"},
}
"""By the file's name in its dataURI."""


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    products = [product(1, name) for name in (I2D, UNCAL, MSA)]
    products += [product(1, name, **odd) for name, odd in HOSTILE.items()]
    away = {"proposal_id": "2736", "instrument_name": "NIRCAM/IMAGE"}
    rows = [observation(1, "jw02736-o007_t001_nircam_clear-f090w", **away)]
    process = start_sandbox(folder, "--catalog", str(write_catalogue(folder / "catalogue", rows, products)))
    yield process
    process.stop()


def inside(box: Path) -> list[str]:
    """Every file of a box, by its path."""
    return sorted(path.relative_to(box).as_posix() for path in box.rglob("*") if path.is_file())
