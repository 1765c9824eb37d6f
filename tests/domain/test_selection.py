"""Which products are left out, and for which reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain import dates, product, product_facts, selection
from topmast_service.domain.product import Product
from topmast_service.errors import Invalid, TopmastError, UnknownColumn

UNCAL = "jw01558005001_02101_00001_nrca1_uncal.fits"


def of(name: str, **more: Any) -> Product:
    """A product as its row would tell it."""
    facts = product_facts.of_name(name)
    cells = {"extension": facts.extension, "suffix": facts.suffix, "detector": facts.detector, "visit": "01558005001"}
    row = {"dataURI": f"mast:JWST/product/{name}", "productFilename": name, "productType": "SCIENCE", **cells}
    row |= {"productSubGroupDescription": str(cells["suffix"]).upper()}
    return product.of_row(row | more, mrp=False)


def mjd(text: str) -> float:
    return dates.to_mjd(dates.read(text))


def why(select: dict[str, Any], name: str = UNCAL, **more: Any) -> str | None:
    return selection.excluded(of(name, **more), selection.of_request(select))


@pytest.mark.parametrize(
    ("select", "reason", "more"),
    [
        ({"types": ["science"]}, None, {}),
        ({"types": ["INFO"]}, "type", {}),
        ({"sub_groups": ["UNCAL"]}, None, {}),
        ({"sub_groups": ["X1D"]}, "sub_group", {}),
        ({"levels": [2]}, "level", {"calib_level": 1}),
        ({"names": ["*_NRCA?_*"]}, None, {}),
        ({"names": ["*_nrcb?_*", "*.json"]}, "name", {}),
        ({"mrp": False, "exclude": ["_uncal"]}, "excluded_name", {}),
        ({"extensions": [".fits"]}, None, {}),
        ({"extensions": ["json"]}, "extension", {}),
        ({"detectors": ["NRCA1"]}, None, {}),
        ({"detectors": ["nrcalong"]}, "detector", {}),
        ({"mrp": False, "filters": ["f162m"]}, None, {"filters": "F150W2;F162M"}),
        ({"mrp": False, "filters": ["F150W2;F162M"]}, None, {"filters": "F150W2;F162M"}),
        ({"mrp": False, "filters": ["F16*"]}, None, {"filters": "F150W2;F162M"}),
        ({"mrp": False, "filters": ["F1"]}, "filter", {"filters": "F150W2;F162M"}),
        ({"exp_types": ["nrc_image"]}, None, {"exp_type": "NRC_IMAGE"}),
        ({"exp_types": ["NRC_TACQ"]}, "exp_type", {"exp_type": "NRC_IMAGE"}),
        ({"visits": ["1"]}, None, {}),
        ({"visits": ["01558005001"]}, None, {}),
        ({"visits": ["1558:5:1"]}, None, {}),
        ({"visits": ["1558:6:1", "002"]}, "visit", {}),
        ({"mrp": False, "size": {"max": 10}}, None, {"size": 10}),
        ({"mrp": False, "size": {"min": 11}}, "size", {"size": 10}),
        ({"mrp": False, "size": {"min": 1}}, "size", {"size": None}),
        (
            {"dates": {"min": "2022-08-04", "max": "2022-08-04"}},
            None,
            {"t_min": mjd("2022-08-04T23:59:00Z")},
        ),
        ({"dates": {"max": "2022-08-03"}}, "date", {"t_min": mjd("2022-08-04T00:00:01Z")}),
        ({}, "not_mrp", {}),
        ({"exclude": ["_thumb"]}, "not_mrp", {}),
    ],
)
def test_each_filter(select: dict[str, Any], reason: str | None, more: dict[str, Any]) -> None:
    assert why(select, **more) == reason


def test_a_label_of_mast_or_the_suffix_counts_but_not_of_a_preview() -> None:
    artefact = "jw02736-o007_s000000123_nirspec_clear-prism_x1d.fits"
    assert why({"sub_groups": ["X1D"]}, artefact, productSubGroupDescription="A3001_X1D") is None
    assert why({"sub_groups": ["X1D"]}, artefact.replace("fits", "png"), productSubGroupDescription=None) == "sub_group"


def test_guide_stars_are_out_in_or_alone() -> None:
    name = "jw01558001001_gs-acq1_2022190112233_uncal.fits"
    assert why({"mrp": False}, name) == "guide_star"
    assert why({"mrp": False, "guide_stars": "include"}, name) is None
    assert why({"guide_stars": "only"}, name) is None
    assert why({"guide_stars": "only"}) == "not_guide_star"


def test_what_cannot_be_meant_is_refused_before_anything_is_created() -> None:
    refused: list[tuple[dict[str, Any], type[TopmastError]]] = [
        ({"size": {"min": 2, "max": 1}}, Invalid),
        ({"dates": {"min": "2022-13-01"}}, Invalid),
        ({"dates": {"min": "2023-01-02", "max": "2023-01-01"}}, Invalid),
        ({"where": ["nowhere:eq:1"]}, UnknownColumn),
    ]
    for select, error in refused:
        with pytest.raises(error):
            selection.check(select)


@given(st.dictionaries(st.sampled_from([None, "level", "type", "where"]), st.integers(0, 9)), st.integers(0, 99))
def test_the_sums_add_up(by_reason: dict[str | None, int], duplicates: int) -> None:
    unique = sum(by_reason.values())
    told = selection.counts(unique + duplicates, by_reason.items())
    assert told["listed"] == told["unique"] + told["duplicates"]
    assert told["unique"] == told["selected"] + sum(told["excluded"].values())
