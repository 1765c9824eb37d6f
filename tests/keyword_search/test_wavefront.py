"""Wavefront sensing products, by date, aperture and kind."""

from __future__ import annotations

from tests.keyword_search.conftest import rows_of
from tests.workflows.conftest import Site


def test_maps_of_a_month_by_aperture(site: Site) -> None:
    criteria = {"date_obs": {"min": "2022-07-10", "max": "2022-07-20"}, "apername": "NRCA3_*", "ap_type": "opd"}
    done = site.search(collection="wavefront", criteria=criteria)
    found = rows_of(site, done)
    assert [row["fileName"][:9] for row in found] == ["R20220710", "R20220712", "R20220714", "R20220716", "R20220718",
                                                     "R20220720"]  # fmt: skip
    assert all("2022-07-10" <= row["date_obs"] < "2022-07-21" for row in found)
    assert all(row["dataURI"] == f"mast:JWST/product/{row['fileName']}" for row in found)
    assert done.result["api"] == "Mast.Jwst.Filtered.Wss"


def test_a_day_means_the_whole_day(site: Site) -> None:
    found = rows_of(site, site.search(collection="wavefront", criteria={"date_obs": "2022-07-16"}))
    assert [(row["fileName"], row["ap_type"]) for row in found] == [("R2022071601-NRCA3_FP1-1.fits", "OPD")]


def test_they_are_counted_by_mast(site: Site) -> None:
    done = site.search(collection="wavefront", criteria={"apername": "NRCA3_FP1"}, count_only=True)
    assert done.result["count"] == 15
    assert site.sandbox.requests()["services"]["Mast.Jwst.Filtered.Wss"] == 1
