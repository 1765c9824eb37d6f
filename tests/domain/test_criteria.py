"""Criteria: what is understood, what is refused at once, and with which suggestion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.archive import filters
from topmast_service.domain import criteria, forms
from topmast_service.errors import Invalid, UnknownColumn


def one(column: str, value: Any) -> criteria.Criterion:
    return criteria.parse({column: value}, forms.OBSERVATIONS.columns)[0][0]


def test_an_unknown_column_comes_with_the_nearest_names() -> None:
    with pytest.raises(UnknownColumn) as told:
        criteria.parse({"instrument": "MIRI", "propsal_id": "1"}, forms.OBSERVATIONS.columns)
    assert [e["pointer"] for e in told.value.errors] == ["/criteria/instrument", "/criteria/propsal_id"]
    assert "instrument_name" in told.value.errors[0]["suggestions"]
    assert "proposal_id" in told.value.errors[1]["suggestions"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("t_min", {"min": 2, "max": 1}),
        ("t_min", {}),
        ("t_min", {"min": None}),
        ("t_min", {"around": 5}),
        ("t_min", "yesterday"),
        ("t_min", float("nan")),
        ("target_name", {"min": 1}),
        ("target_name", []),
        ("target_name", ""),
        ("target_name", "a\nb"),
        ("target_name", [["a"]]),
        ("target_name", True),
        ("mtFlag", "perhaps"),
        ("calib_level", {"min": True}),
        ("distance", 1),
    ],
)
def test_what_a_column_cannot_have_is_told_before_mast_is_asked(column: str, value: Any) -> None:
    with pytest.raises(Invalid) as told:
        criteria.parse({column: value}, forms.OBSERVATIONS.columns)
    assert told.value.errors[0]["pointer"] == f"/criteria/{column}"


def test_a_bare_instrument_is_widened_and_that_is_said() -> None:
    (found,), notes = criteria.parse({"instrument_name": "Nircam"}, forms.OBSERVATIONS.columns)
    assert found.passes("NIRCAM")
    assert found.passes("NIRCAM/IMAGE")
    assert not found.passes("NIRISS/IMAGE")
    assert "Nircam" in notes[0]


@pytest.mark.parametrize(
    ("column", "value", "passing", "failing"),
    [
        ("target_name", "ngc6720*", "NGC6720-MRS-POSITION-2", "M57"),
        ("target_name", ["VV 191", "vv-191*"], "VV-191A", "VV 1910"),
        ("filters", "F162M", "F150W2;F162M", "F162"),
        ("calib_level", 3, 3, 2),
        ("calib_level", ["2", "3"], 2, -1),
        ("t_exptime", {"min": 10}, 10.0, 9.9),
        ("t_exptime", {"min": 1, "max": 2}, 1.5, 2.1),
        ("mtFlag", True, True, False),
        ("mtFlag", "f", False, True),
        ("obs_title", {"not": "*dark*"}, "Ring nebula", "A DARK exposure"),
        ("s_ra", None, None, 1.0),
        ("s_ra", {"not": None}, 1.0, None),
        ("obs_id", "jw01?8[1]*", "jw01?8[1]x", "jw01581"),
    ],
)
def test_cells(column: str, value: Any, passing: Any, failing: Any) -> None:
    assert one(column, value).passes(passing)
    assert not one(column, value).passes(failing)


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        ("01409", ("1409",)),
        (1409, ("1409",)),
        ("1558, 02733", ("1558", "2733")),
        (["12496", "1558,01409"], ("12496", "1558", "1409")),
        ("0", ("0",)),
    ],
)
def test_programs_are_numbers_however_they_are_written(value: Any, exact: tuple[str, ...]) -> None:
    assert criteria.parse({"program": value}, forms.PROGRAMS.columns)[0][0].exact == exact
    assert one("proposal_id", value).exact == exact


def test_an_obs_id_given_for_obsid_is_searched_as_one() -> None:
    (found,), notes = criteria.parse({"obsid": ["jw01558-o001*", "jw01558-o002"]}, forms.OBSERVATIONS.columns)
    assert (found.column.name, found.exact, found.patterns) == ("obs_id", ("jw01558-o002",), ("jw01558-o001*",))
    assert "obs_id" in notes[0]
    (found,), notes = criteria.parse({"obsid": ["87602009", 23]}, forms.OBSERVATIONS.columns)
    assert (found.column.name, notes) == ("obsid", [])


@pytest.mark.parametrize("more", [{"obsid": ["87602009", "jw01558-o001"]}, {"obsid": "jw1", "obs_id": "jw01558-o001"}])
def test_ids_of_both_kinds_at_once_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as told:
        criteria.parse(more, forms.OBSERVATIONS.columns)
    assert told.value.errors[0] == {
        "pointer": "/criteria/obsid",
        "detail": "obsid takes numbers; these are names, which are asked for as obs_id, and not by both at once",
        "suggestions": ["obs_id"],
    }


def test_questions_are_counted_as_they_are_asked() -> None:
    ids = [f"jw01558-o{n:05}" for n in range(10_000)]
    found, _ = criteria.parse({"obs_id": ids, "instrument_name": "MIRI"}, forms.OBSERVATIONS.columns)
    assert [c.questions for c in found] == [20, 1]
    assert len(list(filters.questions(found))) == 20
    with pytest.raises(Invalid, match="32 questions"):
        criteria.parse({"obs_id": ids, "instrument_name": ["MIRI", "NIRCAM"]}, forms.OBSERVATIONS.columns)
    with pytest.raises(Invalid):
        criteria.parse({"obs_id": [*ids, "one more"]}, forms.OBSERVATIONS.columns)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["min", "max", "not", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["t_min", "target_name", "mtFlag", "calib_level", "what"]), _JSON))
def test_any_json_is_read_or_refused_with_a_pointer(given_criteria: dict[str, Any]) -> None:
    try:
        found, _ = criteria.parse(given_criteria, forms.OBSERVATIONS.columns)
    except Invalid as error:
        pointed = error.errors
    else:
        pointed = [{}] if len(found) == len(given_criteria) else []
    assert pointed


@pytest.mark.parametrize(("written", "cell"), [("1.50", 1.5), ("2.0", 2.0), ("007", 7), (3, 3.0)])
def test_numbers_are_compared_as_numbers(written: Any, cell: float) -> None:
    column = "calib_level" if isinstance(cell, int) else "t_exptime"
    assert not one(column, {"not": written}).passes(cell)
    assert one(column, {"not": written}).passes(cell + 1)
