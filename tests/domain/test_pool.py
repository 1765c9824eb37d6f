"""Pools are read as the archive writes them: bars, NULL, and columns that come and go."""

from __future__ import annotations

from pathlib import Path

import pytest

from topmast_service.domain import pool
from topmast_service.errors import UnreadableAssociation

REAL = Path(__file__).parents[3] / "shared/data/associations/jw09505_20251216t202003_pool.csv"
NEEDED = {
    "FILENAME": "jw01366004001_04101_00002-seg003_nrs1_uncal.fits", "PROGRAM": "1366", "OBS_NUM": "4", "VISIT": "1",
    "EXPOSURE": "2", "EXP_TYPE": "NRS_BRIGHTOBJ",
}  # fmt: skip


def table(**more: str) -> str:
    cells = NEEDED | more
    return "|".join(cells) + "\r\n" + "|".join(cells.values()) + "\r\n"


def test_a_real_one() -> None:
    if not REAL.exists():
        pytest.skip("the recorded archive metadata (../shared/data) are not here")
    rows = pool.read(REAL.read_bytes())
    assert len(rows) == 8
    image, spectrum, last = rows[0], rows[2], rows[-1]
    assert (image.exp_type, image.pattern, image.dither, image.dithers) == ("MIR_IMAGE", "NONE", 1, 4)
    assert (spectrum.stem, spectrum.detector) == ("jw09505001001_02102_00002", "mirimage")
    assert (spectrum.program, spectrum.observation, spectrum.visit, spectrum.exposure) == ("9505", 1, 1, 2)
    assert (spectrum.exposures, spectrum.specification, spectrum.tile) == (5, 2, 1)
    assert (spectrum.pattern, spectrum.dither, spectrum.dithers) == ("CYCLING", 2, 4)
    assert spectrum.candidates == (("o001", "observation"),)
    assert not any(r.psf or r.imprint or r.background or r.tso or r.msa or r.segment or r.segments for r in rows)
    assert (last.visit, last.dither, last.dithers) == (3, 3, 4)  # the fourth point is in no visit yet


def test_what_applies_is_told() -> None:
    (row,) = pool.read(
        table(EXSEGTOT="4", MSAMETFL="jw01366004001_01_msa.fits", IS_PSF="T", IS_IMPRT="t", BKGDTARG="T", TSOVISIT="T",
              ASN_CANDIDATE="[('o004', 'OBSERVATION'), ('c1001', 'PSF')]")
    )  # fmt: skip
    assert (row.stem, row.segment, row.segments) == ("jw01366004001_04101_00002", 3, 4)
    assert row.psf
    assert row.imprint
    assert row.background
    assert row.tso
    assert row.msa == "jw01366004001_01_msa.fits"
    assert row.candidates == (("o004", "observation"), ("c1001", "psf"))


def test_columns_of_another_build_may_be_absent_or_null() -> None:
    for content in (table(), table(IS_PSF="NULL", NUMDTHPT="NULL", MSAMETFL="NULL", ASN_CANDIDATE="NULL")):
        (row,) = pool.read(b"\xef\xbb\xbf" + content.lower().replace("nrs_", "NRS_").encode())
        assert (row.psf, row.background, row.dithers, row.msa, row.candidates) == (False, False, None, None, ())
    assert pool.read("|".join(NEEDED)) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\xff",
        "<html>\n<body>\n",
        table(FILENAME="../../x_nis_uncal.fits"),
        table(FILENAME="uncal.fits"),
        table(OBS_NUM="NULL"),
        table(NUMDTHPT="many"),
        table(MSAMETFL="/etc/passwd"),
        table(ASN_CANDIDATE="__import__('os')"),
    ],
)
def test_anything_else_is_one_error(content: bytes | str) -> None:
    with pytest.raises(UnreadableAssociation):
        pool.read(content)


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "LARGEST", 20)
    with pytest.raises(UnreadableAssociation, match="20 bytes"):
        pool.read(table())
