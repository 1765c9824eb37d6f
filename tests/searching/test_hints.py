"""A search that finds nothing says what would find something, as it would be sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.searching.conftest import Asked
from topmast_service.archive import patience
from topmast_service.domain import job
from topmast_service.workflows.search import hints


def sent(note: str) -> dict[str, Any]:
    """The request within a hint."""
    return dict(json.loads(note[note.index("{") :]))


@pytest.mark.parametrize(
    ("criteria", "says", "finds"),
    [
        ({"proposal_id": "1558", "filters": "F2550W", "calib_level": 3}, "planned", {4}),
        ({"proposal_id": "1558", "filters": "F770W", "dataRights": "PUBLIC"}, "exclusive", {3}),
        ({"target_name": "NGC-3132", "obs_collection": "HST"}, "other missions", {6, 7}),
        ({"target_name": "NGC 3132"}, "spelt otherwise", {6, 7}),
        ({"target_name": "vv191"}, "spelt otherwise", {9}),
        ({"target_name": "VV-191", "calib_level": 3}, "calibration levels", {9}),
        ({"instrument_name": "NIRISS/IMAGING", "proposal_id": "1176"}, "other modes", {9}),
        ({"filters": "F162M;F150W2"}, "another order", {6}),
        ({"filters": "F150W2-F162M"}, "joined otherwise", {6}),
        ({"filters": "F162", "proposal_id": "2733"}, "begins so", {6}),
        ({"proposal_id": "1558", "proposal_pi": "Wesson"}, "without proposal_pi", {1, 2, 3, 4}),
    ],
)  # fmt: skip
def test_each_hint_finds_what_it_says(site: Asked, criteria: dict[str, Any], says: str, finds: set[int]) -> None:
    done = site.search(criteria=criteria)
    assert (done.phase, done.outcome) == (job.COMPLETED, "empty")
    said = [note for note in done.result["notes"] if says in note]
    assert said, done.result["notes"]
    again = site.search(**sent(said[0]))
    assert site.found(again) == finds
    assert f"would be {len(finds)} row" in said[0]
    (hint,) = [hint for hint in done.result["hints"] if hint["says"] in said[0]]
    assert (hint["count"], hint["request"]) == (len(finds), sent(said[0]))


@pytest.mark.parametrize(
    ("criteria", "says"),
    [
        ({"instrument": "niriss", "filter": "GR150C"}, "in the pupil wheel"),
        ({"instrument": "niriss", "filter": "F200W", "productLevel": "1b"}, "only files of the highest level"),
        ({"instrument": "niriss", "targprop": "VV 191"}, "spelt otherwise"),
    ],
)
def test_hints_of_keyword_searches(primer: Asked, criteria: dict[str, Any], says: str) -> None:
    done = primer.search(collection="instrument_keywords", criteria=criteria)
    (hint,) = [hint for hint in done.result["hints"] if says in hint["says"]]
    again = primer.search(**hint["request"], count_only=True)
    assert again.result["count"] == hint["count"] > 0
    assert len({str(hint["request"]) for hint in done.result["hints"]}) == len(done.result["hints"])


def test_a_radius_that_is_too_small(site: Asked) -> None:
    done = site.search(target="283.396 33.039 r=30s")
    (hint,) = [note for note in done.result["notes"] if "larger radius" in note]
    assert site.found(site.search(**sent(hint))) == {1, 2, 3, 4, 5}


def test_a_place_that_was_resolved_is_not_resolved_again(site: Asked) -> None:
    done = site.search(target="M 57 r=1s", criteria={"obs_collection": "HST"})
    (hint,) = [note for note in done.result["notes"] if "other missions" in note]
    assert sent(hint)["target"] == "283.396 33.029 r=0.000277778d"
    assert site.sandbox.requests()["services"]["resolver"] == 1


def test_where_nothing_else_is_either_the_rule_is_told(site: Asked) -> None:
    done = site.search(criteria={"target_name": "XYZZY"})
    assert "*" in done.result["notes"][-1]


def test_hints_cost_few_counts(site: Asked) -> None:
    criteria = {
        "obs_collection": "HST", "target_name": "M 1", "instrument_name": "ACS/WFC", "filters": "F606W",
        "calib_level": 3, "dataRights": "PUBLIC", "proposal_id": "1", "t_exptime": {"min": 1},
    }  # fmt: skip
    site.search(criteria=criteria)
    assert site.queries() <= 3 + hints.MOST_COUNTS  # the search itself is believed at its third empty answer


def test_hints_that_fail_do_not_fail_the_search(site: Asked) -> None:
    site.fault("status", status=503, after=3)
    done = site.search(criteria={"target_name": "NGC 3132"})
    assert (done.phase, done.outcome) == (job.COMPLETED, "empty")
    assert "*" in done.result["notes"][-1]


def test_a_hint_is_not_waited_for(site: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a MAST that falls silent behind the search's own answer: this would take two minutes."""
    monkeypatch.setattr(patience, "SOCKET_TIMEOUT", 300)
    monkeypatch.setattr(hints, "MOST_SECONDS", 1.0)
    site.fault("hang", seconds=150, after=3)
    done = site.search(criteria={"target_name": "NGC 3132"})
    assert (done.phase, done.outcome, done.result["hints"]) == (job.COMPLETED, "empty", [])


def test_a_count_of_nothing_has_hints_as_well(site: Asked) -> None:
    done = site.search(criteria={"target_name": "NGC 3132"}, count_only=True)
    assert done.result["count"] == 0
    assert "spelt otherwise" in done.result["notes"][0]
