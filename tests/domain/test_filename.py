"""Every kind of file that the archive lists is explained."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from topmast_service.domain.filename import meaning

REAL = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("jw01366004001_04101_00001-seg003_nrs1_uncal.fits", "raw ramps, uncalibrated"),
        ("jw05398-c1125_s000001572_nircam_f322w2-grismr_x1d.fits", "extracted spectrum"),
        ("jw01082-c1001_20231220t155119_image3_00001_asn.json", "association: which exposures belong together"),
        ("jw01180025001_01_msa.fits", "micro-shutter configuration of the visit"),
        ("jw02733-o001_t001_nircam_f405n-f444w_cat.ecsv", "source catalog"),
        ("jw02733-o001_t001_nircam_f405n-f444w_i2d.jpg", "preview: resampled image"),
        ("jw02609009001_gs-fg_2022341040127-seg001_uncal.fits", "guide star: fine guiding (raw ramps, uncalibrated)"),
        ("notes.txt", ""),
        ("", ""),
    ],
)
def test_names(name: str, words: str) -> None:
    assert meaning(name) == words


def test_real_names_are_all_explained() -> None:
    table = REAL / "si_keywords_sample_all_columns.csv"
    if not table.exists():
        pytest.skip("../shared/data is not beside this checkout")
    with table.open() as file:
        names = [row.get("filename") or row.get("fileName") or "" for row in csv.DictReader(file)]
    unexplained = {n for n in names if n.startswith("jw") and not meaning(n)}
    assert len(names) > 100
    assert unexplained == set()
