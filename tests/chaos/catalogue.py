"""Observations for the chaos: named by their number, with files of given sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.workflows.conftest import observation, product, write_catalogue

BLOCK = 2880
"""FITS files are whole numbers of these bytes."""


def catalogue(folder: Path, files: Mapping[int, Sequence[int]]) -> Path:
    """Tables of observations by number, with the sizes of their files in blocks."""
    rows = [observation(number, f"jw04545-o{number:03}_t001_nircam_clear-f200w") for number in files]
    products = [
        product(number, name_of(number, place), size=size * BLOCK, calib_level=2)
        for number, sizes in files.items()
        for place, size in enumerate(sizes)
    ]
    return write_catalogue(folder / "catalogue", rows, products)


def name_of(number: int, place: int) -> str:
    """The name of an observation's file."""
    return f"jw04545{number:03}001_02101_{place:05}_nrcb1_cal.fits"


def uri_of(number: int, place: int) -> str:
    """Its dataURI."""
    return f"mast:JWST/product/{name_of(number, place)}"
