"""What time and reprocessing do to the catalogue."""

import json
from datetime import timedelta

import pytest

from topmast_sandbox.catalogue import open_catalogue
from topmast_sandbox.clock import Clock, from_mjd

PREFIX = "mast:JWST/product/"
M57 = "jw01558-o001_t001_miri_f1000w"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def catalogue(clock):
    return open_catalogue(clock=clock, scale=0.002)


def observation(catalogue, obs_id):
    return next(r for r in catalogue.observations() if r["obs_id"] == obs_id)


def body(file):
    return b"".join(file.read())


def test_exclusive_data_become_public_when_their_date_passes(catalogue, clock):
    obs_id = "jw03557-o003_t003_miri_p750l-slitlessprism"
    row = observation(catalogue, obs_id)
    assert row["dataRights"] == "EXCLUSIVE_ACCESS"
    assert catalogue.file(row["dataURL"]).rights == "EXCLUSIVE_ACCESS"
    assert {p["dataRights"] for p in catalogue.products(row["obsid"])} == {"EXCLUSIVE_ACCESS"}
    clock.set(from_mjd(row["t_obs_release"]) + timedelta(hours=1))
    assert observation(catalogue, obs_id)["dataRights"] == "PUBLIC"
    assert catalogue.file(row["dataURL"]).rights == "PUBLIC"
    assert {p["dataRights"] for p in catalogue.products(row["obsid"])} == {"PUBLIC"}
    assert observation(catalogue, "jw05191-o005_t001_miri_f1280w")["dataRights"] == "EXCLUSIVE_ACCESS"


def test_the_clock_needs_a_zone_and_runs_on(clock):
    with pytest.raises(ValueError, match="zone"):
        clock.set(from_mjd(60000).replace(tzinfo=None))
    clock.set(from_mjd(60000))
    clock.advance(86400)
    assert 60001 <= clock.mjd() < 60001.01


def test_reprocessing_an_observation_makes_new_bytes_and_names(catalogue):
    before = observation(catalogue, M57)
    image = catalogue.file(before["dataURL"])
    listed = {p["dataURI"]: p for p in catalogue.products(before["obsid"])}
    report = catalogue.reprocess(obs_id=M57)

    after = catalogue.file(before["dataURL"])
    assert after.etag != image.etag
    assert after.modified > image.modified
    assert body(after) != body(image)
    assert len(body(after)) == after.size
    now = {p["dataURI"]: p for p in catalogue.products(before["obsid"])}
    assert len(now) == len(listed)
    gone = set(listed) - set(now)
    assert gone <= set(report["withdrawn"])
    assert {listed[u]["productSubGroupDescription"] for u in gone} == {"ASN", "POOL"}
    assert all(catalogue.file(u) is None for u in gone)
    assert all(catalogue.file(u) is not None for u in now)
    assert set(report["new"]) >= set(now) - set(listed)
    other = catalogue.file(PREFIX + "jw01558-o001_t001_miri_f770w_i2d.fits")
    assert other.modified == image.modified  # its neighbours were not reprocessed


def test_one_listed_size_is_stale(catalogue):
    report = catalogue.reprocess(obs_id=M57)
    stale = catalogue.file(report["stale_size"])
    assert stale.listed_size != stale.size == len(body(stale))
    row = observation(catalogue, M57)
    listed = {p["dataURI"]: p["size"] for p in catalogue.products(row["obsid"])}
    assert listed[stale.uri] == stale.listed_size
    wrong = [u for u, size in listed.items() if size != catalogue.file(u).size]
    assert wrong == [stale.uri]


def test_a_program_wide_event_renames_some_observations(catalogue):
    before = {r["obsid"]: r["obs_id"] for r in catalogue.observations() if r["proposal_id"] == "1073"}
    report = catalogue.reprocess(program="1073")
    after = {r["obsid"]: r["obs_id"] for r in catalogue.observations() if r["proposal_id"] == "1073"}
    changed = {before[o]: after[o] for o in before if before[o] != after[o]}
    assert changed == report["renamed"]
    assert 0 < len(changed) < len(before)
    old, new = next(iter(changed.items()))
    assert catalogue.file(f"{PREFIX}{old}_i2d.fits") is None
    file = catalogue.file(f"{PREFIX}{new}_i2d.fits")
    assert f"FILENAME= '{new}_i2d.fits'".encode() in body(file)
    row = observation(catalogue, new)
    assert row["dataURL"] == file.uri
    assert {p["obs_id"] for p in catalogue.products(row["obsid"]) if p["type"] == "D"} == {new}
    asn = next(p for p in catalogue.products(row["obsid"]) if "_image3_" in p["productFilename"])
    assert json.loads(body(catalogue.file(asn["dataURI"])))["products"][0]["name"] == new


def test_two_events_compose(catalogue, clock):
    first = catalogue.reprocess(program="2733")
    clock.advance(3600)
    second = catalogue.reprocess(program="2733")
    assert {v: k for k, v in second["renamed"].items()} == first["renamed"]
    assert set(second["withdrawn"]) >= {u for u in first["new"] if u.endswith("_asn.json")}
    row = next(r for r in catalogue.observations() if r["proposal_id"] == "2733")
    assert all(catalogue.file(uri) for uri in {p["dataURI"] for p in catalogue.products(row["obsid"])})


def test_release_dates_move_but_never_lock_public_data_again(catalogue, clock):
    exclusive, public = "jw05191-o005_t001_miri_f1280w", M57
    for obs_id in (exclusive, public):
        before = observation(catalogue, obs_id)
        report = catalogue.reprocess(obs_id=obs_id)
        after = observation(catalogue, obs_id)
        assert after["t_obs_release"] == report["release"][obs_id][1] > before["t_obs_release"]
        assert after["dataRights"] == before["dataRights"]
        assert catalogue.file(after["dataURL"]).release_mjd == after["t_obs_release"]


def test_reprocessing_needs_something_to_reprocess(catalogue):
    for wrong in ({}, {"program": "99999"}, {"obs_id": "jw99999-o001_t001_miri_f560w"}, {"program": "10678"}):
        with pytest.raises(LookupError):
            catalogue.reprocess(**wrong)
