"""Observations with all of MAST's columns, as many as a benchmark wants; as varied as JWST's."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODES = (
    "NIRCAM/IMAGE", "NIRCAM/GRISM", "MIRI/IMAGE", "MIRI/IFU", "MIRI/SLITLESS", "NIRSPEC/MSA", "NIRSPEC/IFU",
    "NIRISS/IMAGE", "NIRISS/SOSS", "FGS/FGS1",
)  # fmt: skip
FILTERS = tuple(f"F{n:03}W" for n in range(70, 480, 8))
KINDS = ("Galaxy; Spiral galaxies", "Star; Exoplanets", "ISM; Planetary nebulae")
EACH_PROGRAM = 120


def write(folder: Path, rows: int) -> Path:
    """``observations.csv`` for the sandbox, the same for the same number of rows."""
    folder.mkdir()
    drawn = random.Random(rows)  # noqa: S311 - no secret
    with (folder / "observations.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(_row(0, drawn)))
        table.writeheader()
        table.writerows(_rows(rows, drawn))
    return folder


def _rows(number: int, drawn: random.Random) -> Iterator[dict[str, Any]]:
    for n in range(number):
        yield _row(n, drawn)


def _row(number: int, drawn: random.Random) -> dict[str, Any]:
    program, begin = 1000 + number // EACH_PROGRAM, 59_700 + drawn.random() * 1500
    exposure = drawn.random() * 3000
    ra, dec, mode = drawn.random() * 359, drawn.random() * 170 - 85, drawn.choice(MODES)
    corners = " ".join(f"{ra + x:.9f} {dec + y:.9f}" for x, y in ((0, 0), (0.03, 0), (0.03, 0.03), (0, 0.03)))
    stem = f"jw{program:05}-o{number % 999:03}_t001_{mode.lower().replace('/', '-')}_{number}"
    return {
        "intentType": "science",
        "obs_collection": "JWST",
        "provenance_name": "CALJWST",
        "instrument_name": mode,
        "project": "JWST",
        "filters": ";".join(drawn.sample(FILTERS, drawn.choice((1, 1, 1, 2)))),
        "wavelength_region": "INFRARED",
        "target_name": f"TARGET-{number // 40}",
        "target_classification": drawn.choice(
            ("Galaxy; Spiral galaxies", "Star; Exoplanets", "ISM; Planetary nebulae")
        ),
        "obs_id": stem,
        "s_ra": ra,
        "s_dec": dec,
        "dataproduct_type": drawn.choice(("image", "spectrum", "cube", "timeseries")),
        "proposal_pi": f"Investigator, {program}",
        "calib_level": drawn.choice((-1, 1, 2, 3, 3)),
        "t_min": begin,
        "t_max": begin + exposure / 86_400,
        "t_exptime": exposure,
        "em_min": 600.0,
        "em_max": 5000.0,
        "obs_title": f"What program {program} is about, in as many words as titles have",
        "t_obs_release": begin + 365,
        "proposal_id": program,
        "proposal_type": drawn.choice(("GO", "GTO", "ERS", "CAL", "DD")),
        "sequence_number": "",
        "s_region": f"POLYGON {corners}",
        "jpegURL": f"mast:JWST/product/{stem}_i2d.jpg",
        "dataURL": f"mast:JWST/product/{stem}_i2d.fits",
        "dataRights": drawn.choice(("PUBLIC", "PUBLIC", "EXCLUSIVE_ACCESS")),
        "mtFlag": "false",
        "srcDen": "",
        "obsid": 80_000_000 + number,
        "objID": 900_000_000 + number,
    }
