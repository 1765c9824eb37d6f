"""What `bundle` and `plan` send of a choice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import topmast
from topmast._choice import Choice, body


@pytest.mark.parametrize(
    ("choice", "select"),
    [
        ({"sub_groups": "I2D"}, {"sub_groups": ["I2D"]}),
        ({"levels": 3, "mrp": False}, {"levels": [3], "mrp": False}),
        ({"visits": 1}, {"visits": ["1"]}),
        ({"visits": ["1558:5:1", 2]}, {"visits": ["1558:5:1", "2"]}),
        ({"size": (None, 10)}, {"size": {"max": 10}}),
        ({"dates": (dt.date(2022, 7, 1), "2022-07-31")}, {"dates": {"min": "2022-07-01", "max": "2022-07-31"}}),
        ({"where": {"detector": "nrca*", "size": (None, 5)}}, {"where": ["detector:like:nrca*", "size:le:5"]}),
        ({"references": True, "parents": True}, {"references": True, "parents": True}),
        ({"references": "flat"}, {"references": ["flat"]}),
    ],
)
def test_of_a_selection(choice: Choice, select: dict[str, Any]) -> None:
    assert body(choice) == {"select": select}


def test_start_and_layout_stand_beside_it_and_nothing_is_sent_of_nothing() -> None:
    assert body({"start": "uncal", "layout": "flat"}) == {"start": "uncal", "layout": "flat"}
    assert body({}) == {}


@pytest.mark.parametrize("choice", [{"sub_group": "I2D"}, {"sub_groups": [1]}, {"size": 5}])
def test_what_makes_no_sense_is_not_sent(choice: Any) -> None:
    with pytest.raises(topmast.UsageError):
        body(choice)
