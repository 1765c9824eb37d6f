"""What astroquery or MAST would get wrong without a word: each is the right rows, a wait that says why, or an error."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.searching.conftest import Asked
from topmast_service.archive import patience
from topmast_service.domain import job
from topmast_service.errors import Invalid, UnknownColumn

JWST_MIRI = {1, 2, 3, 4}


@pytest.mark.parametrize("limits", [{"min": 60000}, {"min": 60000, "max": None}])
def test_a_range_with_one_end_is_a_range(site: Asked, limits: dict[str, Any]) -> None:
    assert site.found(site.search(criteria={"t_obs_release": limits})) == {3}


def test_a_range_column_may_be_one_value(site: Asked) -> None:
    assert site.found(site.search(criteria={"t_obs_release": 70000})) == {3}


def test_every_wildcard_counts_within_a_column_and_across(site: Asked) -> None:
    done = site.search(
        criteria={"target_name": ["NGC-31*", "VV*", "NGC67*"], "instrument_name": ["NIRCAM*", "NIRISS*"]}
    )
    assert site.found(done) == {6, 7, 9}


def test_a_cell_of_several_values_is_compared_whole_as_well(site: Asked) -> None:
    assert site.found(site.search(criteria={"proposal_id": "2733", "filters": {"not": "F150W2;F162M"}})) == {7}
    assert site.found(site.search(criteria={"filters": ["F150W2;F162M", "no_such*"]})) == {6}


def test_an_unknown_column_is_refused_with_the_nearest(site: Asked) -> None:
    with pytest.raises(UnknownColumn) as told:
        site.search(criteria={"instrument": "MIRI", "obs_collection": "JWST"})
    assert told.value.errors[0]["suggestions"][0] == "instrument_name"
    assert site.queries() == 0


def test_a_range_of_text_is_refused(site: Asked) -> None:
    with pytest.raises(Invalid) as told:
        site.search(criteria={"target_name": {"min": "A", "max": "B"}})
    assert told.value.errors[0]["pointer"] == "/criteria/target_name"


@pytest.mark.parametrize("name", ["Nircam", "NIRCAM", ["nircam"]])
def test_a_bare_instrument_also_matches_its_modes_and_says_so(site: Asked, name: Any) -> None:
    done = site.search(criteria={"instrument_name": name})
    assert site.found(done) == {6, 7, 8}
    assert "also matches its modes" in done.result["notes"][0]


def test_an_empty_answer_of_a_busy_mast_is_asked_again(site: Asked) -> None:
    site.fault("no_rows", nth=[1])
    done = site.search(criteria={"proposal_id": "1558"})
    assert site.found(done) == JWST_MIRI
    assert site.queries() == 2


def test_a_count_of_a_busy_mast_is_asked_again(site: Asked) -> None:
    site.fault("no_rows", nth=[1])
    assert site.search(criteria={"proposal_id": "1558"}, count_only=True).result["count"] == 4


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "html"},
        {"fault": "empty"},
        {"fault": "executing"},
        {"fault": "hang", "seconds": 30},
        {"fault": "drip", "at": 100, "bytes_per_second": 50},
        {"fault": "capped", "rows": 1},
        {"fault": "error", "msg": "Transaction (Process ID 71) was deadlocked on lock resources."},
    ],
    ids=lambda fault: fault["fault"],
)
def test_a_mast_that_gives_no_answer_is_waited_for_and_then_gives_the_right_rows(
    impatient: Asked, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient.fault(**fault)
    waiting = impatient.search(criteria={"proposal_id": "1558"})  # EXECUTING, silence and dripping go on for ever
    assert (waiting.phase, waiting.phase_reason) == (job.SUSPENDED, "upstream_down")

    impatient.sandbox.post("faults", rules=[])
    monkeypatch.setattr(patience, "SOCKET_TIMEOUT", 60)
    impatient.settings = replace(impatient.settings, mast_timeout=60.0)
    done = impatient.again(waiting)
    assert (done.phase, impatient.found(done)) == (job.COMPLETED, JWST_MIRI)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept(site: Asked, status: int) -> None:
    site.fault("status", status=status, retry_after=120)
    waiting = site.search(criteria={"proposal_id": "1558"})
    assert waiting.phase == job.SUSPENDED
    assert waiting.not_before is not None
    assert (waiting.not_before - site.api.stores.jobs.now()).total_seconds() > 100
    assert site.queries() == 1


def test_what_mast_refuses_ends_the_search_in_its_own_words(site: Asked) -> None:
    site.fault("error", msg="Incorrect syntax near '*'.")
    ended = site.search(criteria={"proposal_id": "1558"})
    assert ended.phase == job.ERROR
    assert ended.error is not None
    assert ended.error["code"] == "rejected_by_archive"
    assert "Incorrect syntax near '*'." in ended.error["detail"]


def test_searches_side_by_side_do_not_mix(site: Asked) -> None:
    wanted: list[tuple[dict[str, Any], set[int]]] = [
        ({"criteria": {"proposal_id": "1558"}}, JWST_MIRI),
        ({"criteria": {"obs_collection": "GALEX"}}, {5}),
        ({"criteria": {"instrument_name": "NIRCAM*"}}, {6, 7, 8}),
        ({"target": "283.396 33.029 r=1m"}, {1, 2, 3, 4, 5}),
    ] * 4
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda body: site.search(**body), [body for body, _ in wanted]))
    assert [site.found(one) for one in done] == [expected for _, expected in wanted]
    assert len({id(one.result) for one in done}) == len(wanted)
