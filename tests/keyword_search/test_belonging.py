"""Where a file belongs, told from its name: names as the archive's naming rules give them."""

from __future__ import annotations

from typing import Any

import pytest

from topmast_service.domain.belonging import is_visit, sought, whereabouts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jw01073001001_02101_00001_nrca1_uncal.fits", "jw01073001001_02101_00001_nrca1"),
        ("jw01366004001_04101_00001-seg003_nrs1_x1dints.fits", "jw01366004001_04101_00001-seg003_nrs1"),
        ("jw02733002001_02103_00001_mirimage_o002_crf.fits", "jw02733002001_02103_00001_mirimage"),
        ("jw02733002001_0210a_00001_nrcalong_c1001_crfints.fits", "jw02733002001_0210a_00001_nrcalong"),
        ("jw02733-o001_t001_nircam_clear-f090w_i2d.fits", "jw02733-o001_t001_nircam_clear-f090w"),
        ("jw02736-o007_s000001234_nirspec_f170lp-g235m_x1d.fits", "jw02736-o007_s000001234_nirspec_f170lp-g235m"),
        ("jw01386-c1020_t001-epoch2_nircam_f356w-maskrnd_i2d.fits", "jw01386-c1020_t001-epoch2_nircam_f356w-maskrnd"),
        ("jw01558001001_gs-fg_2022190112233_cal.fits", "jw01558001001"),
    ],
)
def test_the_stem_is_the_observation(name: str, expected: str) -> None:
    found, place = sought(name, {})
    assert found == expected
    assert is_visit(found) == ("_gs-" in name)
    assert (place is None) == (name[7] == "-")


@pytest.mark.parametrize(
    ("name", "row", "inside", "outside"),
    [
        (
            "jw01558005001_02101_00001_nrca1_cal.fits",
            {"filter": "F150W2", "pupil": "F162M"},
            ["jw01558-o005_t001_nircam_f150w2-f162m", "jw01558-o005_t002_nircam_f162m-f150w2-sub400p"],
            ["jw01558-o005_t001_nircam_clear-f150w2", "jw01558-o005_t001_niriss_f150w2-f162m", "jw01558005001_02101"],
        ),
        (
            "jw01558002001_03101_00001_mirifulong_cal.fits",
            {"filter": None, "band": "SHORT"},
            ["jw01558-o002_t002_miri_ch3-short", "jw01558-o002_t002_miri_ch4-shortmediumlong"],
            ["jw01558-o002_t002_miri_ch1-short", "jw01558-o002_t002_miri_ch3-long", "jw01558-o002_t002_miri_f770w"],
        ),
        (
            "jw02736007001_03101_00001_nrs2_cal.fits",
            {"filter": "CLEAR", "grating": "PRISM"},
            ["jw02736-o007_s000001234_nirspec_prism-clear", "jw02736-o007_s000000001_nirspec_clear-prism-sub2048"],
            ["jw02736-o007_s000001234_nirspec_f170lp-g235m"],
        ),
        (
            "jw01541001001_gs-acq1_2022190112233_cal.fits",
            {"filter": "F115W"},
            ["jw01541-o001_t001_niriss_clear-gr700xd", "jw01541001001_02101_00001_nis"],
            ["jw01541001002_02101_00001_nis"],
        ),
    ],
)
def test_what_contains_an_exposure(name: str, row: dict[str, Any], inside: list[str], outside: list[str]) -> None:
    _, place = sought(name, row)
    assert place is not None
    assert [i for i in inside if not place.within(i)] == []
    assert [i for i in outside if place.within(i)] == []


def test_whereabouts_are_program_and_candidate() -> None:
    assert whereabouts("jw03166-c1011_t001_miri_ch1-medium") == ("03166", "c1011")
    assert whereabouts("jw01541001001_02101_00001_nis") == ("01541", "o001")
    assert whereabouts("jw02609010001_xx102_00001_nirspec") == ("", "")
    assert whereabouts("hst_9270_04_acs_wfc_f775w_j8d104") == ("", "")


def test_a_stage_3_file_of_an_exposure_names_its_candidate() -> None:
    _, place = sought("jw03166010001_02101_00001_mirifushort_c1011_crf.fits", {})
    assert place is not None
    assert (place.program, place.candidate) == ("03166", "c1011")
