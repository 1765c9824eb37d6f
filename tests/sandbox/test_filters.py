"""MAST's filters: what matches, and what is a mistake."""

import pytest

from topmast_sandbox.wire.columns import OBSERVATIONS
from topmast_sandbox.wire.errors import QueryError
from topmast_sandbox.wire.filters import compile_filters

ROW = {
    "instrument_name": "NIRCAM/IMAGE",
    "filters": "F150W2;F162M",
    "obs_id": "jw01073-o001_t001_nircam",
    "calib_level": 3,
    "t_exptime": 100.0,
    "mtFlag": False,
    "s_ra": None,
}


def passes(name, values, **more):
    filters = [{"paramName": name, "values": values, **more}]
    return compile_filters(filters, OBSERVATIONS)(ROW)


@pytest.mark.parametrize(
    ("name", "values", "more"),
    [
        ("instrument_name", ["nircam/image"], {}),
        ("INSTRUMENT_NAME", ["MIRI/IMAGE", "NIRCAM/IMAGE"], {}),
        ("instrument_name", [], {"freeText": "nircam%"}),
        ("obs_id", [], {"freeText": "%_T001_%"}),
        ("filters", ["F162M"], {"separator": ";"}),
        ("filters", ["F150W2;F162M"], {}),
        ("filters", [], {"freeText": "F16%", "separator": ";"}),
        ("calib_level", ["2", "3"], {}),
        ("calib_level", [3], {}),
        ("t_exptime", [{"min": 100, "max": "100"}], {}),
        ("t_exptime", [{"min": 1}], {}),
        ("mtFlag", ["False"], {}),
    ],
)
def test_what_matches(name, values, more):
    assert passes(name, values, **more)


@pytest.mark.parametrize(
    ("name", "values", "more"),
    [
        ("instrument_name", ["NIRCAM"], {}),  # MAST matches whole values: the classic surprise
        ("filters", ["F162M"], {}),  # without its separator a cell is one value
        ("obs_id", [], {"freeText": "jw01073_o001%"}),  # an underscore is no wildcard
        ("t_exptime", [{"min": 101, "max": 200}], {}),
        ("s_ra", [{"min": -1000, "max": 1000}], {}),  # null is in no range
        ("mtFlag", ["True"], {}),
    ],
)
def test_what_does_not_match(name, values, more):
    assert not passes(name, values, **more)


def test_filters_are_joined_by_and():
    both = [{"paramName": "calib_level", "values": [3]}, {"paramName": "obs_id", "values": ["other"]}]

    assert not compile_filters(both, OBSERVATIONS)(ROW)


@pytest.mark.parametrize(
    "filters",
    [
        {"paramName": "obs_id"},
        ["obs_id"],
        [{"values": ["x"]}],
        [{"paramName": "nonsense", "values": ["x"]}],
        [{"paramName": "obs_id", "values": []}],
        [{"paramName": "t_min", "values": ["soon"]}],
        [{"paramName": "t_min", "values": [{"min": "soon"}]}],
    ],
)
def test_mistakes(filters):
    with pytest.raises(QueryError):
        compile_filters(filters, OBSERVATIONS)
