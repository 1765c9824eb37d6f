"""Programs by number: the Primer's program search, and what it would leave unsaid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.programs.conftest import Site
from tests.servers import start_sandbox
from tests.workflows.conftest import observation, product, write_catalogue
from topmast_service.api.app import create_app
from topmast_service.domain import job
from topmast_service.errors import EmptySelection, Invalid


def test_the_primers_program_search_groups_the_spellings_of_vv_191(site: Site) -> None:
    done = site.search("programs", criteria={"program": "1176"})
    (row,) = site.rows(done)
    assert (row["program_key"], row["category"], row["pi"]) == ("JWST-1176", "GTO", "Windhorst, Rogier A.")
    assert row["targets"].split("; ") == ["MACS0416", "EL-GORDO", "VV-191 (VV 191, VV191)", "VV-191-OFFSET"]
    assert (row["target_groups"], row["target_names"]) == (4, 6)
    assert row["instruments"] == "NIRCAM/IMAGE;NIRISS/IMAGE"
    assert (row["first_date"], row["exclusive"], row["planned"]) == ("2022-07-02T06:14:24Z", 0, 0)


@pytest.mark.parametrize("program", ["01558,2733", "2733, 1558", ["1558", "02733"], [1558, 2733], ["1558,2733", 1558]])
def test_several_programs_as_users_write_them(site: Site, program: object) -> None:
    done = site.search("programs", criteria={"program": program})
    assert {row["program"] for row in site.rows(done)} == {"1558", "2733"}
    assert done.result["notes"] == []


def test_planned_and_executed_are_counted_apart(site: Site) -> None:
    rows = {row["program"]: row for row in site.rows(site.search("programs", criteria={"program": [10678, 1558]}))}
    assert list(rows) == ["10678", "1558"]
    assert (rows["10678"]["executed"], rows["10678"]["first_date"]) == (0, None)
    assert rows["10678"]["planned"] > 0
    assert rows["1558"]["observations"] == rows["1558"]["executed"] + rows["1558"]["planned"]


def test_exclusive_data_are_counted_with_their_next_release(site: Site) -> None:
    (row,) = site.rows(site.search("programs", criteria={"program": 5191}))
    assert 0 < row["exclusive"] <= row["executed"]
    assert row["next_release"] > site.api.stores.jobs.now().isoformat()


def test_a_number_means_another_program_in_another_mission(site: Site) -> None:
    done = site.search("programs", criteria={"program": [12309, 1558, 99]})
    assert [row["program_key"] for row in site.rows(done)] == ["JWST-1558"]
    assert done.result["notes"] == [
        "JWST has no program 12309, 99.",
        "HST has a program 12309: search with obs_collection HST.",
    ]
    both = site.search("programs", criteria={"program": 12309, "obs_collection": ["jwst", "hst"]})
    assert [row["program_key"] for row in site.rows(both)] == ["HST-12309"]
    other = site.search("programs", criteria={"program": 12309, "obs_collection": {"not": "jwst"}})
    assert [row["program_key"] for row in site.rows(other)] == ["HST-12309"]


@pytest.mark.parametrize(
    ("criteria", "error"),
    [
        ({"program": "15*"}, Invalid),
        ({"program": "1558,"}, Invalid),
        ({"program": "M 57"}, Invalid),
        ({"program": "1558", "obs_collection": "GALEX"}, Invalid),
        ({"program": {"not": "1558"}}, EmptySelection),
        ({"obs_collection": "HST"}, EmptySelection),
    ],
)
def test_what_is_no_program_is_told_at_once(site: Site, criteria: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        site.search("programs", criteria=criteria)


def test_the_log_has_every_exposure_in_the_order_of_time(site: Site) -> None:
    done = site.search("programs", criteria={"program": "1176"}, expand="exposures")
    log = site.rows(done)
    assert done.result["api"] == "search/jwst"
    assert len(log) == len({row["exposure"] for row in log}) == 114
    assert [row["date"][:19] for row in log] == sorted(row["date"][:19] for row in log)
    assert all(row["exposure"].startswith("jw01176") and "-o" not in row["exposure"] for row in log)
    assert {row["target_group"] for row in log if row["target"].replace("-", " ") in {"VV 191", "VV191"}} == {"VV-191"}
    first = log[0]
    assert (first["observation"], first["visit"], first["mode"]) == (1, 1, "NRC_IMAGE")
    assert (first["level"], first["dataRights"]) == ("1b, 2a, 2b, 2c", "PUBLIC")
    assert first["publicReleaseDate"].startswith("2023-07-02T12:")


def test_hubbles_log_comes_from_caom_and_silence_is_explained(site: Site) -> None:
    wanted = {"program": ["12309", "1176"], "obs_collection": "hst"}
    done = site.search("programs", criteria=wanted, expand="exposures")
    (row,) = site.rows(done)
    assert (row["instrument"], row["mode"], row["filter"]) == ("WFC3", "WFC3/UVIS", "F502N")
    assert done.result["notes"][-1] == "JWST has a program 1176: search with obs_collection JWST."
    planned = site.search("programs", criteria={"program": "10678"}, expand="exposures")
    assert planned.result["notes"][0] == "Nothing of JWST 10678 has been executed yet."
    assert planned.outcome == "empty"


def test_a_mission_search_that_knows_less_than_caom_is_told_apart(site: Site, tmp_path: Path) -> None:
    rows = [observation(1, "jw01558-o001_t001_miri_f1000w"), observation(2, "jw02733-o001", proposal_id="2733")]
    folder = write_catalogue(tmp_path / "catalogue", rows, [product(2, "jw02733-o001_t001_miri_f770w_i2d.fits")])
    small = start_sandbox(tmp_path, "--catalog", str(folder))
    site.settings = replace(site.settings, mast_url=small.url)
    done = site.search("programs", criteria={"program": "1558"}, expand="exposures")
    small.stop()
    (note,) = done.result["notes"]
    assert note == "JWST 1558 has 1 executed observations in CAOM, but the mission search knows no exposure."


def test_a_mission_search_that_is_away_is_waited_for(site: Site) -> None:
    site.sandbox.post("faults", service="jwst/search", fault="status", status=500)
    done = site.search("programs", criteria={"program": "1176"}, expand="exposures")
    assert (done.phase, done.phase_reason) == (job.SUSPENDED, "upstream_down")


def test_the_log_says_who_may_have_each_exposure_now(site: Site) -> None:
    done = site.search("programs", criteria={"program": "5191"}, expand="exposures")
    client = create_app(site.api).test_client()
    key = {"Authorization": f"Bearer {site.api.stores.keys.new('alice').secret}"}
    items = client.get(f"/v1/searches/{done.id}/rows?limit=1000", headers=key).json["items"]
    now = site.api.stores.jobs.now().isoformat()
    told = {(item["access"], item["publicReleaseDate"] > now) for item in items}
    assert told <= {("exclusive", True), ("public", False)}
    assert ("exclusive", True) in told
