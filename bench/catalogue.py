"""The tables that the sandbox serves: as many files as a benchmark wants, named and spread as JWST's are."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = ("uncal", "rate", "rateints", "cal", "calints", "i2d", "crf", "trapsfilled")
"""Files of one exposure: a folder of a box holds about so many."""

MISSION = "JWST"
FITS_BLOCK = 2880  # bytes: a FITS file is a whole number of them
LEAST_BLOCKS = 16  # the sandbox's primary headers are as long as JWST's


@dataclass(frozen=True)
class Observation:
    """An observation and the numbers of the files that MAST lists for it."""

    obsid: int
    files: Sequence[int]


def file_size(size: int) -> int:
    """The nearest length in bytes that a FITS file can have."""
    return max(LEAST_BLOCKS, round(size / FITS_BLOCK)) * FITS_BLOCK


def name_of(number: int) -> str:
    """The name of a file: its exposure by turns of eight, then its suffix."""
    exposure, suffix = divmod(number, len(SUFFIXES))
    return f"jw{1 + exposure // 99999:05}001001_02101_{1 + exposure % 99999:05}_nrcb1_{SUFFIXES[suffix]}.fits"


def uri_of(number: int) -> str:
    """Its dataURI."""
    return f"mast:{MISSION}/product/{name_of(number)}"


def write(folder: Path, observations: Iterable[Observation], size: int) -> Path:
    """Write ``observations.csv`` and ``products.csv``; every file has `size` bytes."""
    folder.mkdir()
    known = list(observations)
    _table(folder / "observations.csv", (_observation(o) for o in known))
    _table(folder / "products.csv", (_product(o, number, size) for o in known for number in o.files))
    return folder


def _observation(observation: Observation) -> dict[str, object]:
    return {
        "obsid": observation.obsid,
        "obs_id": f"jw{observation.obsid:05}-o001_t001_nircam_clear-f200w",
        "obs_collection": MISSION,
        "calib_level": 3,
        "dataRights": "PUBLIC",
        "t_obs_release": 59000,
    }


def _product(observation: Observation, number: int, size: int) -> dict[str, object]:
    name = name_of(number)
    stem, _, suffix = name.removesuffix(".fits").rpartition("_")
    return {
        "parent_obsid": observation.obsid,
        "obsID": observation.obsid,
        "dataURI": uri_of(number),
        "productFilename": name,
        "obs_id": stem,
        "obs_collection": MISSION,
        "productType": "SCIENCE",
        "productSubGroupDescription": suffix.upper(),
        "calib_level": 2,
        "productGroupDescription": "Minimum Recommended Products",
        "dataRights": "PUBLIC",
        "size": size,
    }


def _table(path: Path, rows: Iterator[dict[str, object]]) -> None:
    first = next(rows)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(first))
        table.writeheader()
        table.writerow(first)
        table.writerows(rows)
