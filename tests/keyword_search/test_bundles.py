"""From a keyword search to a box: the files it names, or the observations it was expanded to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.keyword_search.conftest import rows_of
from tests.workflows.conftest import Site
from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.errors import NoResult, NotToBeBundled
from topmast_service.store.tables import Table
from topmast_service.workflows.control import products_table

KEYWORDS = "instrument_keywords"
LEVEL_3 = {"instrument": "niriss", "program": [1366, 1541], "exp_type": "NIS_SOSS", "productLevel": "3"}


def search(site: Site, expand: str | None = None, **criteria: Any) -> Job:
    return site.search(collection=KEYWORDS, criteria=criteria, expand=expand)


def products(site: Site, planned: Job) -> dict[str, dict[str, Any]]:
    """The product table of a bundle that was resolved, by file name."""
    return {row["productFilename"]: row for row in Table(products_table(site.settings.tables, planned.id)).rows()}


def test_the_files_that_were_found_are_the_box(site: Site) -> None:
    found = search(site, **LEVEL_3)
    done = site.run({"search": found.id})
    assert (done.phase, done.outcome) == (job.COMPLETED, "complete")
    manifest = site.rows(done)
    assert set(manifest) == {row["filename"] for row in rows_of(site, found)}
    one = manifest["jw01541-o001_t001_niriss_clear-gr700xd-substrip256_x1dints.fits"]
    folder = "JWST/jw01541-o001_t001_niriss_clear-gr700xd-substrip256"
    assert one["path"] == f"{folder}/{one['productFilename']}"
    assert (one["status"], one["calib_level"], one["productSubGroupDescription"]) == ("OK", 3, "X1DINTS")
    assert done.result["counts"]["observations"] == 0


def test_what_the_catalogue_says_of_a_file_is_known_before_it_is_fetched(site: Site) -> None:
    found = search(site, instrument="niriss", program=1541, productLevel="2b")
    planned = site.resolve(site.bundle({"search": found.id}).id)
    listed = products(site, planned)
    by_name = {row["filename"]: row for row in rows_of(site, found)}
    assert set(listed) == set(by_name)
    for name, row in listed.items():
        assert (row["size"], row["proposal_id"], row["calib_level"]) == (by_name[name]["fileSize"], "1541", 2)
        assert (row["dataRights"], row["productType"]) == ("PUBLIC", "SCIENCE")
        assert row["t_obs_release"] == pytest.approx(by_name[name]["publicReleaseDate_mjd"], abs=1e-9)
    assert planned.result["bytes"]["total"] == sum(row["fileSize"] for row in by_name.values())


def test_a_selection_narrows_what_was_found(site: Site) -> None:
    found = search(site, instrument="niriss", program=1541)
    planned = site.resolve(site.bundle({"search": found.id}, select={"sub_groups": ["x1dints"], "levels": [2]}).id)
    chosen = [name for name, row in products(site, planned).items() if row["excluded"] is None]
    assert chosen
    assert all(name.endswith("_x1dints.fits") and "-o001" not in name for name in chosen)


def test_guide_stars_that_were_searched_for_are_wanted(site: Site) -> None:
    found = search(site, instrument="guidestar", program=1541)
    planned = site.resolve(site.bundle({"search": found.id}).id)
    listed = products(site, planned)
    assert planned.result["counts"]["selected"] == len(listed) == found.result["count"]
    assert {row["productType"] for row in listed.values()} == {"AUXILIARY"}
    assert "GS-FG" in {row["productSubGroupDescription"] for row in listed.values()}
    without = site.resolve(site.bundle({"search": found.id}, select={"guide_stars": "none"}).id)
    assert without.result["counts"]["excluded"] == {"guide_star": len(listed)}


def test_a_guide_star_named_by_its_uri_is_wanted_too(site: Site) -> None:
    found = rows_of(site, search(site, instrument="guidestar", program=1541))
    uri = found[0]["dataURI"]
    planned = site.resolve(site.bundle({"uris": [uri]}).id)
    assert planned.result["counts"]["selected"] == 1


def test_wavefront_maps_are_bundled_as_files(site: Site) -> None:
    found = site.search(collection="wavefront", criteria={"date_obs": "2022-07-16"})
    manifest = site.rows(site.run({"search": found.id}))
    name = "R2022071601-NRCA3_FP1-1"
    assert {row["path"]: row["status"] for row in manifest.values()} == {f"JWST/{name}/{name}.fits": "OK"}


def test_an_expanded_search_is_bundled_as_observations(site: Site) -> None:
    found = search(site, expand="observations", **LEVEL_3)
    ids = [row["obs_id"] for row in rows_of(site, found)]
    planned = site.resolve(site.bundle({"search": found.id}).id)
    direct = site.resolve(site.bundle({"observations": ids}).id)
    assert planned.result["counts"] == direct.result["counts"]
    assert planned.result["counts"]["observations"] == len(ids) == 2
    assert any(name.endswith("_uncal.fits") for name in products(site, planned))


def test_exclusive_files_are_told_apart(site: Site) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    found = search(site, instrument="miri", publicReleaseDate={"min": tomorrow.isoformat()})
    rows = rows_of(site, found)
    assert rows
    assert {row["isRestricted"] for row in rows} == {False}
    planned = site.resolve(site.bundle({"search": found.id}).id)
    assert {row["dataRights"] for row in products(site, planned).values()} == {"EXCLUSIVE_ACCESS"}


def test_restricted_files_are_told_apart(site: Site) -> None:
    found = search(site, instrument="niriss", program=9334)
    planned = site.resolve(site.bundle({"search": found.id}).id)
    assert {row["dataRights"] for row in products(site, planned).values()} == {"RESTRICTED"}


def test_a_search_that_only_counted_has_nothing_to_bundle(site: Site) -> None:
    counted = site.search(collection=KEYWORDS, criteria=LEVEL_3, count_only=True)
    with pytest.raises(NoResult) as refused:
        site.bundle({"search": counted.id})
    assert "count_only" in refused.value.hint


def test_rows_that_name_no_files_cannot_be_bundled(site: Site) -> None:
    programs = site.search(collection="programs", criteria={"program": "1541"})
    with pytest.raises(NotToBeBundled) as refused:
        site.bundle({"search": programs.id})
    assert (refused.value.code, refused.value.kind) == ("not_to_be_bundled", "usage")
    assert "expand=observations" in refused.value.hint
