"""Searches, against the wire: never silently wrong."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import Site
from topmast_service.domain import job
from topmast_service.errors import BadTarget, EmptySelection, Invalid, UnknownColumn
from topmast_service.store.tables import Table
from topmast_service.workflows.control import rows_table

GALEX, NIRCAM = "galex-m57", "jw02733-o001_t001_nircam_clear-f090w"
F560W, F770W = "jw01558-o001_t001_miri_f560w", "jw01558-o002_t001_miri_f770w"


def found(site: Site, done: job.Job) -> set[str]:
    return {str(r["obs_id"]) for r in Table(rows_table(site.settings.tables, done.id)).rows()}


def test_a_cone_finds_every_missions_rows_and_says_how_it_asked(site: Site) -> None:
    done = site.search(target="283.396 33.029 r=1m")
    assert (done.phase, done.outcome, done.result["count"]) == (job.COMPLETED, "complete", 5)
    assert done.result["api"] == "Mast.Caom.Filtered.Position"
    assert done.result["resolved"]["radius"] == pytest.approx(1 / 60)
    assert "galex-m57" in found(site, done)


def test_a_bare_instrument_finds_its_modes_and_says_so(site: Site) -> None:
    done = site.search(criteria={"instrument_name": "Miri", "obs_collection": "JWST"})
    assert {"jw01558-o001_t001_miri_f1000w", "jw01558-o001_t001_miri_f560w"} <= found(site, done)
    assert "also matches its modes" in done.result["notes"][0]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"target_name": ["NGC67*", "NGC-31*"], "instrument_name": ["NIRCAM*", "GALEX*"]}, {GALEX, NIRCAM}),
        ({"filters": ["F560W", "F770W"]}, {F560W, F770W}),
        ({"proposal_id": "1558", "calib_level": {"max": 0}}, {"jw01558009001_xx101_00001_miri"}),
        ({"proposal_id": "1558", "filters": {"not": "F1000W"}, "calib_level": 3}, {F560W, F770W}),
        ({"obs_collection": "JWST", "t_obs_release": {"min": 60000}}, {"jw01558-o002_t001_miri_f770w"}),
        ({"obs_collection": "JWST", "t_obs_release": None}, {"jw01558009001_xx101_00001_miri"}),
        ({"obs_id": "jw01558-o00?_t001_miri_f560w"}, set()),
        ({"obs_id": "jw01558-o0%"}, set()),
    ],
)  # fmt: skip
def test_filters_that_the_client_alone_would_drop(site: Site, criteria: dict[str, object], expected: set[str]) -> None:
    assert found(site, site.search(criteria=criteria)) == expected


def test_nothing_found_is_an_answer_with_a_hint(site: Site) -> None:
    done = site.search(criteria={"target_name": "NGC 6720"})
    assert (done.phase, done.outcome, done.result["count"]) == (job.COMPLETED, "empty", 0)
    assert "*" in done.result["notes"][0]


def test_a_name_nobody_knows_ends_the_job_with_a_code(site: Site) -> None:
    done = site.search(target="no such nebula r=1m")
    assert (done.phase, done.error and done.error["code"]) == (job.ERROR, "target_not_resolved")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"target": "m57 r=1"}, BadTarget),
        ({}, EmptySelection),
        ({"criteria": {"target": "m57"}}, UnknownColumn),
        ({"criteria": {"filters": {"not": "F560W"}}}, EmptySelection),
        ({"criteria": {"obs_id": [f"a{n}*" for n in range(40)]}}, Invalid),
    ],
)
def test_what_mast_need_not_be_asked_for_creates_nothing(site: Site, body: dict[str, object], error: type) -> None:
    with pytest.raises(error):
        site.search(**body)
    assert list(site.api.control.list(site.alice)) == []


def test_a_mast_that_is_away_is_waited_for(dead_mast: Site) -> None:
    waiting = dead_mast.search(criteria={"obs_collection": "JWST"})
    assert (waiting.phase, waiting.phase_reason) == (job.SUSPENDED, "upstream_down")
    assert waiting.not_before is not None
    assert waiting.not_before > dead_mast.api.stores.jobs.now()
