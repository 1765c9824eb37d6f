"""GET /v1/keywords: what keywords mean, from whoever knows it best."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from astropy import units
from astropy.io.votable.ucd import check_ucd

from tests.collections.conftest import NOON, Place
from tests.collections.odd_mast import odd_mast
from topmast_service.domain.forms import keywords

SEARCHED = """
program observtn visit visit_id exp_type detector subarray apername readpatt ngroups nints effexptm targprop targname
targ_ra targ_dec pi_name category date_obs_mjd expstart template tsovisit expripar patttype numdthpt cal_ver crds_ctx
crds_ver sdp_ver gdstarid s_region filter pupil grating channel band publicReleaseDate
"""


def names(place: Place, **query: Any) -> list[str]:
    return [item["name"] for item in place.get(f"/v1/keywords?{urlencode(query)}")["items"]]


def test_the_keyword_api_tells_most(place: Place) -> None:
    place.refresh()
    told = place.get("/v1/keywords/exp_type")
    assert (told["source"], told["title"], told["as_of"]) == (
        "keyword_api",
        "kind of exposure",
        "2026-07-01T12:00:00.000Z",
    )
    assert "MIR_MRS" in told["values"]
    assert {place["collection"] for place in told["occurs"]} == {"instrument_keywords", "wavefront"}
    assert place.get("/v1/keywords/t_min")["source"] == "column_configuration"
    assert "MIR_MRS" in place.columns("instrument_keywords")["exp_type"]["values"]


def test_while_it_is_down_the_column_configurations_tell(place: Place) -> None:
    place.sandbox.post("faults", rules=[{"service": "viz/info/keywords", "fault": "status", "status": 503}])
    assert place.get("/v1/keywords/tsovisit")["source"] == "shipped"
    assert list(place.refresh().failed) == ["dictionary"]
    told = place.get("/v1/keywords/tsovisit")
    assert (told["source"], told["as_of"]) == ("column_configuration", "2026-07-01T12:00:00.000Z")
    assert told["title"] == keywords()["tsovisit"]["says"]
    assert place.get("/v1/keywords/t_obs_release")["title"] == "Release Date"


def test_what_it_told_before_it_went_down_keeps_its_own_age(place: Place) -> None:
    place.refresh()
    place.sandbox.post("faults", rules=[{"service": "viz/info/keywords", "fault": "refused"}])
    place.refresh(NOON + timedelta(days=2))
    assert place.get("/v1/keywords/exp_type")["as_of"] == "2026-07-01T12:00:00.000Z"
    assert place.get("/v1/keywords/t_min")["as_of"] == "2026-07-03T12:00:00.000Z"


SHAPES: dict[str, Any] = {
    "a list": [{"fits_keyword": "NEWWORD", "title": "Told", "units": "arcseconds", "enum": ["A", "B"]}],
    "a list inside": {"count": 1, "keywords": [{"name": "newword", "title": "Told", "unit": "arcsec", "enum": "A|B"}]},
    "by name": {"newword": {"title": "  Told ", "units": "ARCSEC", "values": ["A", "B", None, {"x": 1}]}},
    "several groups": [
        {"fits_keyword": "NEWWORD", "enum": ["A"], "destination": ["ScienceCommon.newword"], "units": "arcsec"},
        {"name": "other", "title": "Told", "destination": ["Miri.newword"], "enum": ["B"], "type": "number"},
        None,
        "text",
        {"fits_keyword": "NOT A NAME", "title": "Lost"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_shape_it_comes_in(place: Place, shape: str) -> None:
    with odd_mast({}, SHAPES[shape]) as url:
        assert place.refresh(url=url).failed == {}
    told = place.get("/v1/keywords/NEWWORD")
    assert (told["title"], told["unit"], told["values"], told["occurs"]) == ("Told", "arcsec", ["A", "B"], [])


def test_words_find_names_first(place: Place) -> None:
    found = names(place, q="visit")
    assert found[:2] == ["visit", "visit_id"]
    assert "tsovisit" in found
    assert names(place, q="Series time") == ["dataproduct_type", "tsovisit"]
    assert names(place, q="DATE-OBS")[0] == "date_obs"
    assert names(place, q="nothing of the kind") == []


def test_pages_show_everything_once(place: Place) -> None:
    everything = names(place, limit=1000)
    path, walked = "/v1/keywords?limit=90", []
    while path:
        page = place.client().get(path)
        walked += [item["name"] for item in page.json["items"]]
        path = page.headers["Link"].split(">")[0][1:] if page.json["next"] else ""
    assert walked == everything
    assert len(set(walked)) == len(walked) == page.json["total"] > 350


def test_a_cursor_belongs_to_its_words(place: Place) -> None:
    following = place.get("/v1/keywords?q=star&limit=2")["next"]
    assert place.get(f"/v1/keywords?q=Star&limit=2&cursor={following}")["items"]
    for query in (f"q=guide&cursor={following}", "cursor=abc"):
        assert place.get(f"/v1/keywords?{query}", 400)["code"] == "cursor_mismatch"


@pytest.mark.parametrize("spelling", ["date_obs", "DATE-OBS", "Date_Obs"])
def test_a_keyword_by_any_spelling(place: Place, spelling: str) -> None:
    told = place.get(f"/v1/keywords/{spelling}")
    assert (told["name"], told["fits_keyword"]) == ("date_obs", "DATE-OBS")


def test_archive_columns_are_no_fits_keywords(place: Place) -> None:
    assert place.get("/v1/keywords/publicReleaseDate")["fits_keyword"] is None
    assert place.get("/v1/keywords/date_obs_mjd")["fits_keyword"] is None
    both = place.get("/v1/keywords/obs_id")
    assert "In observations: " in both["description"]


def test_an_unknown_keyword_has_a_code_and_the_nearest_names(place: Place) -> None:
    problem = place.get("/v1/keywords/tsovist", 404)
    assert (problem["code"], problem["errors"][0]["suggestions"][0]) == ("unknown_keyword", "tsovisit")


def test_what_is_shipped_says_what_people_search_for() -> None:
    told = keywords()
    assert [name for name in SEARCHED.split() if not told[name].get("says")] == []
    assert sum("says" in one for one in told.values()) > 300
    for one in told.values():
        units.Unit(one.get("unit", ""), format="vounit")
        assert "ucd" not in one or check_ucd(one["ucd"], check_controlled_vocabulary=True), one
