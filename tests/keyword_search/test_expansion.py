"""From files to whole observations."""

from __future__ import annotations

from typing import Any

from tests.keyword_search.conftest import rows_of
from tests.workflows.conftest import Site

KEYWORDS = "instrument_keywords"


def observations(site: Site, **criteria: Any) -> tuple[dict[str, tuple[int, str]], dict[str, Any]]:
    """What was found: how many files led to each observation, and how; and the search's result."""
    done = site.search(collection=KEYWORDS, criteria=criteria, expand="observations")
    found = rows_of(site, done)
    assert len({row["obs_id"] for row in found}) == len(found) == done.result["count"]
    return {row["obs_id"]: (row["matched_files"], row["matched_by"]) for row in found}, done.result


def test_exposures_that_a_search_hides_lead_to_what_combines_them(site: Site) -> None:
    found, result = observations(site, instrument="nircam", program=1558, filter="F300M", productLevel="2b")
    assert [(name, how) for name, (_, how) in found.items()] == [("jw01558-o005_t001_nircam_clear-f300m", "member")]
    assert result["unmatched"] == {"count": 0, "names": []}
    assert any("matched_by: member" in note for note in result["notes"])


def test_a_combined_file_leads_to_its_own_observation_and_counts_with_its_members(site: Site) -> None:
    members, _ = observations(site, instrument="nircam", program=1558, filter="F300M", productLevel="2b")
    every, result = observations(site, instrument="nircam", program=1558, filter="F300M")
    (name,) = every
    assert every[name][1] == "obs_id"
    assert every[name][0] > members[name][0]
    assert result["columns"][-2]["name"] == "matched_files"


def test_segments_of_a_time_series_lead_to_one_observation(site: Site) -> None:
    found, _ = observations(site, instrument="miri", exp_type="MIR_LRS-SLITLESS", productLevel="2b", program=1366)
    assert found == {"jw01366-o011_t002_miri_p750l-slitlessprism": (12, "member")}


def test_exposures_that_stand_alone_are_found_by_their_own_id_segments_included(site: Site) -> None:
    found, result = observations(site, instrument="miri", program=3557)
    alone = {name: told for name, told in found.items() if "-seg" in name}
    assert alone
    assert {how for _, how in alone.values()} == {"obs_id"}
    assert result["unmatched"]["count"] == 0


def test_spectrometer_detectors_lead_to_their_channels(site: Site) -> None:
    found, _ = observations(site, instrument="miri", program=1558, detector="MIRIFULONG", productLevel="2b")
    assert {name.partition("_miri_")[2][:3] for name in found} == {"ch3", "ch4"}


def test_guide_stars_lead_to_the_observations_of_their_visits(site: Site) -> None:
    found, result = observations(site, instrument="guidestar", program=1541)
    assert "jw01541-o001_t001_niriss_clear-gr700xd-substrip256" in found
    assert {how for _, how in found.values()} == {"visit"}
    assert result["unmatched"]["count"] == 0
    assert any("guide-star files" in note for note in result["notes"])


def test_instruments_and_guide_stars_together_say_each_observation_once(site: Site) -> None:
    both, result = observations(site, instrument=["niriss", "guidestar"], program=1541)
    assert result["unmatched"]["count"] == 0
    assert set(both) == set(observations(site, instrument="guidestar", program=1541)[0])


def test_observations_are_counted_when_only_the_count_is_wanted(site: Site) -> None:
    criteria = {"instrument": "miri", "program": 1366}
    counted = site.search(collection=KEYWORDS, criteria=criteria, expand="observations", count_only=True)
    found, _ = observations(site, **criteria)
    assert counted.result["count"] == len(found) > 0
    assert counted.result["unmatched"]["count"] == 0
