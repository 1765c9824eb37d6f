"""Which products are chosen of what MAST lists: the Primer's M 57 example, conditions, and what comes along."""

from __future__ import annotations

from collections import Counter

from tests.planning.conftest import Planned, Planning

M57 = {"observations": ["jw01558-o001_t001_miri_f1000w"]}


def listed(planned: Planned, column: str = "productType") -> Counter[str]:
    """How many rows of MAST's listing the chosen files stand for, as the Portal's basket counts."""
    found: Counter[str] = Counter()
    for row in planned.rows():
        found[row[column]] += row["listed"]
    return found


def test_the_basket_of_the_primer(site: Planning) -> None:
    recommended = site.plan(M57)
    assert (recommended.counts["listed"], recommended.counts["selected"]) == (7496, 2)
    every = site.plan(M57, select={"mrp": False, "guide_stars": "include"})
    assert listed(every) == {"SCIENCE": 98, "PREVIEW": 82, "INFO": 34, "AUXILIARY": 7282}
    filtered = site.plan(M57, select={"sub_groups": ["I2D", "UNCAL", "ASN", "POOL"]})
    assert listed(filtered) == {"SCIENCE": 33, "INFO": 34}
    raw = site.plan(M57, select={"where": ["suffix:eq:uncal", "detector:eq:mirimage", "extension:eq:fits"]})
    assert raw.counts["selected"] == 16
    assert raw.counts["excluded"]["where"] > 0


def test_exposure_type_and_date_are_asked_of_the_keyword_services(site: Planning) -> None:
    """CAOM's product rows know neither; a target acquisition is listed below the spectra of its visit."""
    source = {"observations": ["jw01523-c1001_t001_miri_ch1-shortmediumlong"]}
    raw = {"sub_groups": ["UNCAL"]}
    acquisition = site.plan(source, select={**raw, "exp_types": ["MIR_TACQ"]})
    assert acquisition.names() == {"jw01523003001_02101_00001_mirimage_uncal.fits"}
    (begun,) = {row["t_min"] for row in acquisition.rows()}
    spectra = site.plan(
        source, select={**raw, "exp_types": ["MIR_MRS"], "dates": {"min": "2022-12-05", "max": "2022-12-05"}}
    )
    assert spectra.counts["selected"]
    assert not spectra.names() & acquisition.names()
    assert all(row["t_min"] > begun for row in spectra.rows("excluded IS NULL AND observation = '003'"))
    assert not site.plan(source, select={**raw, "dates": {"max": "2022-12-04"}}).counts["selected"]
