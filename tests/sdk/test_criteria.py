"""What Python says and what the service reads are the same thing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import topmast
from topmast._criteria import criterion
from topmast._where import row_params, where_texts

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0*"), min_size=1)
numbers = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("NIRCAM*", "NIRCAM*"),
        (3, 3),
        (2.5, 2.5),
        (True, True),
        (None, None),
        (["I2D", "X1D"], ["I2D", "X1D"]),
        ({"b", "a"}, ["a", "b"]),
        ((1, 2), {"min": 1, "max": 2}),
        ((None, 2), {"max": 2}),
        ((1, None), {"min": 1}),
        ({"min": 1}, {"min": 1}),
        ({"not": ["a", "b"]}, {"not": ["a", "b"]}),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.str_("a"), "a"),
        (np.array(["a", "b"]), ["a", "b"]),
    ],
)
def test_criteria_as_sent(value, sent) -> None:
    found = criterion("x", value)
    assert found == sent
    assert type(found) is type(sent)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        b"bytes",
        object(),
        dt.date(2026, 7, 1),
        [],
        set(),
        [["a"]],
        (1,),
        (1, 2, 3),
        (None, None),
        (2, 1),
        ("MIRI*", "NIRCAM*"),
        {},
        {"between": [1, 2]},
        {"min": None},
        {"not": 1, "min": 2},
    ],
)
def test_what_is_no_criterion_is_not_sent(value) -> None:
    with pytest.raises(topmast.UsageError, match=r"^column: "):
        criterion("column", value)


@given(low=numbers | st.none(), high=numbers | st.none())
def test_every_range_is_sent_whole_or_refused(low, high) -> None:
    wrong = (low is None and high is None) or (low is not None and high is not None and low > high)
    if wrong:
        with pytest.raises(topmast.UsageError):
            criterion("x", (low, high))
    else:
        sent = criterion("x", (low, high))
        assert (sent.get("min"), sent.get("max")) == (low, high)


def test_sort_and_columns() -> None:
    assert row_params(sort=["-t_min", "obs_id"], columns="obs_id,ra") == (
        ("sort", "-t_min,obs_id"),
        ("columns", "obs_id,ra"),
    )


@pytest.mark.parametrize(
    ("where", "sent"),
    [
        (None, []),
        ("t_min:ge:3", ["t_min:ge:3"]),
        (["a:eq:1", "b:eq:2"], ["a:eq:1", "b:eq:2"]),
        ({"a": "x*"}, ["a:like:x*"]),
        ({"a": "x, y"}, ["a:eq:x, y"]),
        ({"a": None, "b": {"not": None}}, ["a:null:true", "b:null:false"]),
        ({"a": (1, None), "b": (None, 2.5)}, ["a:ge:1", "b:le:2.5"]),
        ({"a": {"not": "x"}}, ["a:ne:x"]),
        ({"a": True}, ["a:eq:true"]),
    ],
)
def test_row_filters_as_sent(where, sent) -> None:
    assert where_texts(where) == sent


@pytest.mark.parametrize("value", [["a*"], [None], {"not": [1]}, {"not": "a*"}, ["a\\", "b"]])
def test_row_filters_that_the_service_cannot_say(value) -> None:
    with pytest.raises(topmast.UsageError):
        where_texts({"column": value})


@given(values=st.lists(texts.filter(lambda text: not text.endswith("\\")), min_size=1, max_size=5))
def test_the_service_reads_lists_as_they_were_meant(values) -> None:
    rows = pytest.importorskip("topmast_service.domain.rows", reason="the SDK alone is installed")
    (condition,) = rows.ask(["a"], where=where_texts({"a": values})).where
    assert (condition.op, list(condition.values)) == ("in", values)


@given(low=numbers, high=numbers)
def test_the_service_reads_ranges_as_they_were_meant(low, high) -> None:
    rows = pytest.importorskip("topmast_service.domain.rows", reason="the SDK alone is installed")
    low, high = sorted((low, high))
    (condition,) = rows.ask(["a"], where=where_texts({"a": (low, high)})).where
    assert (condition.op, [float(value) for value in condition.values]) == ("between", [float(low), float(high)])


@given(value=texts)
def test_the_service_reads_one_value_as_it_was_meant(value) -> None:
    rows = pytest.importorskip("topmast_service.domain.rows", reason="the SDK alone is installed")
    (condition,) = rows.ask(["a"], where=where_texts({"a": value})).where
    assert (condition.op, condition.values) == ("eq", (value,))
