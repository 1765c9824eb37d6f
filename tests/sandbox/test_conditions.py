"""The mission search's conditions."""

import pytest

from topmast_sandbox.wire.conditions import compile_conditions
from topmast_sandbox.wire.errors import QueryError

TYPES = {
    "program": "INTEGER",
    "instrume": "VARCHAR",
    "duration": "FLOAT",
    "date_obs": "DATETIME",
    "pi_name": "VARCHAR",
    "productLevel": "VARCHAR",
    "targname": "VARCHAR",
}
ROW = {
    "program": 2733,
    "instrume": "NIRCAM",
    "duration": 10.5,
    "date_obs": "2022-06-03T10:00:00",
    "pi_name": "Garcia, Lionel",
    "productLevel": "1b, 2a, 2b",
    "targname": None,
}


@pytest.mark.parametrize(
    "condition",
    [
        {"program": 2733},
        {"program": "02733"},
        {"program": "1,2733"},
        {"instrume": "miri,nircam"},
        {"instrume": "NIR*"},
        {"instrume": "!MIRI"},
        {"duration": ">10"},
        {"duration": "<=10.5"},
        {"duration": "10..11"},
        {"date_obs": ">2022-01-01"},
        {"date_obs": "2022-06-01..2022-07-01"},
        {"pi_name": "Garcia, Lionel"},
        {"productLevel": "2b"},
    ],
)
def test_what_matches(condition):
    assert compile_conditions([condition], TYPES)(ROW)


@pytest.mark.parametrize(
    "condition",
    [{"program": 2734}, {"instrume": "!NIR*"}, {"duration": "<10"}, {"productLevel": "3"}, {"targname": "*"}],
)
def test_what_does_not_match(condition):
    assert not compile_conditions([condition], TYPES)(ROW)


@pytest.mark.parametrize("conditions", [{}, ["program"], [{"nonsense": 1}], [{"program": "many"}]])
def test_mistakes(conditions):
    with pytest.raises(QueryError):
        compile_conditions(conditions, TYPES)
