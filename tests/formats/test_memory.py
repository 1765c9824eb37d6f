"""100,000 rows go through every format in the memory of a few, whatever the file's length."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from tests.test_house import loaded_by
from topmast_service.domain.columns import Column
from topmast_service.formats import FORMATS, About
from topmast_service.formats.parquet import GROUP_BYTES

COLUMNS = [Column("obs_id"), Column("s_ra", "float"), Column("s_region")]
ROWS = 100_000
FEW_BYTES = 4 << 20
"""The whole is 13 MB as CSV: a writer that held it would be found."""


def rows(region: str, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {"obs_id": f"jw{number:011}", "s_ra": number / 7, "s_region": f"{region} {number}"}


def test_an_api_process_has_loaded_no_reader_of_tables() -> None:
    """astropy, numpy and pyarrow cost every process of the API half a second and 77 MB; most never write Parquet."""
    assert loaded_by("import sys; from topmast_service.api import app") & {"astropy", "numpy", "pyarrow"} == set()


@pytest.mark.parametrize("name", ["csv", "votable", "parquet"])
def test_100_000_rows(name: str) -> None:
    region, pool = "POLYGON ICRS " + "1.234567 " * 8, pa.default_memory_pool()
    next(FORMATS[name].write(COLUMNS, rows(region, 1), About("")))  # imports are not the file's
    before = pool.bytes_allocated()
    tracemalloc.start()
    try:
        sizes, arrow = [], 0
        for piece in FORMATS[name].write(COLUMNS, rows(region, ROWS), About("", rows=ROWS)):
            sizes.append(len(piece))
            arrow = max(arrow, pool.bytes_allocated() - before)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(sizes) > 10
    assert peak < FEW_BYTES
    assert arrow < 2 * GROUP_BYTES


def test_rows_of_20_kb_make_smaller_row_groups() -> None:
    long = "POLYGON ICRS " + "283.396133 33.028566 " * 1000
    pieces = [len(piece) for piece in FORMATS["parquet"].write(COLUMNS, rows(long, 4_000), About(""))]
    assert sum(size > 4 for size in pieces) > 4_000 * len(long) / (2 * GROUP_BYTES)
