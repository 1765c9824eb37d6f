"""Observation ids pasted by the thousand."""

from __future__ import annotations

from tests.programs.conftest import Site


def test_thousands_of_pasted_ids_find_their_observations_in_parts(site: Site) -> None:
    every = site.rows(site.search("observations", criteria={"obs_collection": "JWST"}))
    ids = [str(row["obs_id"]) for row in every]
    unknown = [f"jw09999-o{n:03}_t001_miri_f560w" for n in range(4000 - len(ids))]
    site.sandbox.post("requests/reset")
    done = site.search("observations", criteria={"obs_id": [*ids, *unknown], "calib_level": {"min": 2}})
    found = site.rows(done)
    assert {row["obs_id"] for row in found} == {row["obs_id"] for row in every if row["calib_level"] >= 2}
    assert len(found) == len({row["obsid"] for row in found}) > 2000
    (note,) = done.result["notes"]
    assert note.startswith(
        f"{4000 - len(found):,} of 4,000 obs_id are unknown to MAST or do not fit the rest of the search"
    )
    assert site.sandbox.requests()["services"]["Mast.Caom.Filtered"] <= 8 + 2


def test_names_given_for_obsid_are_understood_and_numbers_are_not_touched(site: Site) -> None:
    name = "jw01558-o001_t001_miri_f1000w"
    done = site.search("observations", criteria={"obsid": name})
    (row,) = site.rows(done)
    assert row["obs_id"] == name
    assert "searched as obs_id" in done.result["notes"][0]
    again = site.search("observations", criteria={"obsid": [row["obsid"]]})
    assert [r["obs_id"] for r in site.rows(again)] == [name]
    assert again.result["notes"] == []
