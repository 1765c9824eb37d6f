"""Names read quickly say the same as names read in full."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from topmast_service.domain import filename, product
from topmast_service.domain.product_facts import NAMED, NameFacts, cells, of_name
from topmast_service.errors import UnknownFilename

REAL = Path(__file__).parents[3] / "shared" / "data"
NAMES = [
    "jw01073001001_02101_00001_nrca1_uncal.fits", "jw01366004001_0410a_00001-seg003_nrs1_uncal.fits",
    "jw02733002001_02103_00001_mirimage_o002_crf.fits", "jw01558001001_02101_00001_mirimage_uncal_thumb.jpg",
    "jw02733-o001_t001_nircam_clear-f090w_i2d.fits", "jw05398-c1125_s000001572_nircam_f322w2-grismr_x1d.fits",
    "jw01366-o002_t001_nircam_f322w2-grismr-subgrism256_x1dints.fits", "jw02560-o001_v000000012_nirspec_prism_s2d.png",
    "jw01039-o004_t001_miri_ch3-long_s3d.fits", "jw01386-a3001_t001_niriss_f480m-nrm_aminorm-oi.fits",
    "jw01163-o005_t001_nircam_clear-f212n_wfscmb-02.fits", "jw10678-o001_t001_nircam_clear-f200w_cat.ecsv",
    "jw01558-o001_20250911t184340_image3_00001_asn.json", "jw01558_20250911t184340_pool.csv",
    "jw01180025001_01_msa.fits",
    "jw02609009001_gs-fg_2022341040127-seg001_uncal.fits", "jw02221001001_gs-acq1_2022240002321_stream.fits",
    "jw01558001001_gs-id_1_stacked-uncal.fits", "jw01558001001_gs-id_1_image_cal.fits",
    "R2022071601-NRCA3_FP1-1.fits", "SA_ZADUCMDX-20220701T000000-20220701T030000.csv", "ocbc04060_flt.fits",
    "jw01073001001_02101_00001_guider1_cal.fits", "jw01409001001_03101_00001_nrcblong_rateints.fits",
]  # fmt: skip


def agrees(name: str) -> None:
    try:
        full = filename.explain(name)
    except UnknownFilename:
        of_name(name)
        return
    quick = of_name(name)
    number = f"{full.observation:03}" if full.observation is not None else None
    if full.base in {"source", "association"} and full.association and full.association.startswith("o"):
        number = full.association[1:]
    assert (quick.extension, quick.suffix, quick.program) == (full.extension, full.suffix, full.program)
    assert (quick.observation, quick.visit) == (number, full.visit)
    assert (quick.detector, quick.segment) == (full.detector, full.segment)
    if full.base in {"exposure", "source"}:
        assert quick.instrument == (full.instrument or "").lower()
    if full.base == "exposure":
        assert quick.exposure == name.lower().partition("-seg")[0].partition(f"_{full.detector}")[0]


@pytest.mark.parametrize("name", NAMES)
def test_both_readings_of_a_name_agree(name: str) -> None:
    filename.explain(name)
    agrees(name)
    agrees(name.upper())


def test_every_real_name_is_read_alike() -> None:
    tables = [*REAL.glob("*.csv")]
    if not tables:
        pytest.skip("../shared/data is not beside this checkout")
    named = {"filename", "dataURL", "jpegURL", "URI", "asnpool", "asntable", "msametfl"}
    found = {
        (row.get(column) or "").rpartition("/")[2]
        for table in tables
        for row in csv.DictReader(table.read_text().splitlines())
        for column in named
    }
    assert len(found) > 500
    for name in found:
        agrees(name)


@given(st.text("jw0123456789-_.abcoRgsntufi", max_size=60) | st.text())
@example("jw01073001001_02101_00001_nrca1_uncal.fits.gz")
@example("jw")
@example(".")
def test_any_text_is_read(name: str) -> None:
    assert isinstance(of_name(name), NameFacts)


def test_what_a_packed_file_is() -> None:
    assert of_name("hlsp_jades_jwst_f090w_v2.0_drz.fits.gz")[:2] == ("fits.gz", "drz")


def test_a_product_has_a_column_for_each_cell() -> None:
    assert set(NAMED) <= product.COLUMNS.keys() & set(NameFacts._fields)
    told = cells("jw01366004001_04101_00001-seg003_nrs1_uncal.fits")
    assert tuple(told) == NAMED
    assert (told["visit"], told["segment"], told["detector"]) == ("01366004001", 3, "nrs1")


def test_nothing_is_packed_in_a_name_that_only_says_so() -> None:
    assert (of_name("a.gz").extension, of_name("a.fits.gz").extension) == ("gz", "fits.gz")
