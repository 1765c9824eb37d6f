"""Bundles, step by step: the right bytes, each fetched once, every file accounted for."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zlib
from pathlib import Path

import pytest

from tests.workflows.conftest import FITS, Site
from topmast_service import container
from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.errors import EmptySelection, ForeignURI, IllegalMove, Invalid, NotFound, UnknownJob

I2D = ["jw01558-o001_t001_miri_f1000w_i2d.fits", "jw01558-o001_t001_miri_f560w_i2d.fits"]
GUIDE_STAR = "jw01558001001_gs-acq1_2022190112233_uncal.fits"
M57 = {"observations": ["1", "2"]}
NGC3132 = {"observations": ["jw02733-o001_t001_nircam_clear-f090w"]}


def box(site: Site, done: Job) -> Path:
    return site.api.stores.trees.path("alice", done.id, done.revision or 0)


def test_a_bundle_holds_what_was_asked_for_and_its_sums_are_right(site: Site) -> None:
    done = site.run(M57)
    assert (done.phase, done.outcome, done.revision) == (job.COMPLETED, "complete", 1)
    folder = box(site, done)
    checked = subprocess.run(
        ["sha256sum", "--quiet", "-c", "sha256sums.txt"], cwd=folder, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert sorted(p.name for p in folder.rglob("*.fits")) == I2D
    row = site.rows(done)["jw01558-o001_t001_miri_f1000w_i2d.fits"]
    delivered = (folder / row["path"]).read_bytes()
    assert (row["sha256"], row["crc32"]) == (hashlib.sha256(delivered).hexdigest(), zlib.crc32(delivered))
    assert done.published_at == done.ended
    assert json.loads((folder / "manifest.json").read_text())["totals"]["ok"] == 2


def test_the_account_always_adds_up(site: Site) -> None:
    new = site.bundle(M57)
    counts = site.resolve(new.id).result["counts"]
    assert counts["listed"] == 6
    assert counts["listed"] == counts["unique"] + counts["duplicates"]
    assert counts["unique"] == counts["selected"] + sum(counts["excluded"].values())
    assert counts["excluded"] == {"guide_star": 1, "not_mrp": 2}


@pytest.mark.parametrize(
    ("select", "names"),
    [
        ({"sub_groups": ["uncal"]}, {"jw01558001001_02101_00001_mirimage_uncal.fits"}),
        ({"levels": [2]}, {"jw01558001001_02101_00001_mirimage_cal.fits"}),
        ({"guide_stars": "only"}, {GUIDE_STAR}),
        ({"mrp": False, "types": ["AUXILIARY"], "guide_stars": "include"}, {GUIDE_STAR}),
        ({"sub_groups": ["I2D"], "levels": [3]}, set(I2D)),
    ],
)  # fmt: skip
def test_selections(site: Site, select: dict[str, object], names: set[str]) -> None:
    assert set(site.rows(site.run(M57, select=select))) == names


def test_the_second_bundle_of_the_same_files_asks_mast_for_none(site: Site) -> None:
    site.run(NGC3132)
    first = site.sandbox.requests()
    done = site.run(NGC3132)
    second = site.sandbox.requests()
    assert (done.outcome, done.result["counts"]["cached"], done.result["bytes"]["fetched"]) == ("complete", 40, 0)
    assert second["files"] == first["files"]
    assert len([uri for uri in first["files"] if "nircam" in uri]) == 40


def test_a_file_under_exclusive_access_is_withheld_with_its_date_and_the_rest_delivered(site: Site) -> None:
    done = site.run({"observations": ["1", "3"]})
    assert (done.phase, done.outcome) == (job.COMPLETED, "partial")
    withheld = site.rows(done)["jw01558-o002_t001_miri_f770w_i2d.fits"]
    assert (withheld["status"], withheld["reason"], withheld["access"]) == (
        "WITHHELD",
        "not_authorized until 2050-07-13",
        "exclusive",
    )
    assert done.result["counts"]["ok"] == 1
    assert not list(box(site, done).rglob("*f770w*"))


def test_planned_and_foreign_observations_are_named(site: Site) -> None:
    search = site.search(target="283.396 33.029 r=1m")
    new = site.bundle({"search": search.id})
    notes = " ".join(site.resolve(new.id).result["notes"])
    assert "1 planned" in notes
    assert "GALEX" in notes


def test_nothing_selected_is_an_empty_bundle_that_says_why(site: Site) -> None:
    new = site.bundle(M57, select={"sub_groups": ["S3D"]})
    site.resolve(new.id)
    done = site.publish(new.id)
    assert (done.phase, done.outcome) == (job.COMPLETED, "empty")
    assert "sub_group" in done.result["notes"][0]


def test_data_uris_are_taken_as_they_are(site: Site) -> None:
    uri = "mast:JWST/product/jw01558001001_02101_00001_mirimage_cal.fits"
    missing = "mast:JWST/product/jw09999-o001_t001_miri_f560w_i2d.fits"
    done = site.run({"uris": [uri, missing, uri]})
    rows = site.rows(done)
    assert done.outcome == "partial"
    assert rows["jw01558001001_02101_00001_mirimage_cal.fits"]["size"] == FITS
    assert rows["jw09999-o001_t001_miri_f560w_i2d.fits"]["reason"] == "missing_on_server"


def test_two_files_of_one_name_get_two_places(site: Site) -> None:
    uri = "mast:JWST/product/jw01558001001_02101_00001_mirimage_cal.fits"
    done = site.run({"uris": [uri, uri.replace("product", "PRODUCT")]})
    folder = box(site, done)
    paths = sorted(p.name for p in folder.rglob("*.fits"))
    assert (done.outcome, len(paths)) == ("complete", 2)
    assert paths[0] == "jw01558001001_02101_00001_mirimage_cal.fits"
    checked = subprocess.run(["sha256sum", "--quiet", "-c", "sha256sums.txt"], cwd=folder, check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"from": {}}, Invalid),
        ({"from": {"observations": []}}, EmptySelection),
        ({"from": {"uris": ["mast:GALEX/x.fits"]}}, ForeignURI),
        ({"from": {"uris": ["file:///etc/passwd"]}}, ForeignURI),
        ({"from": {"search": "s_none"}}, UnknownJob),
        ({"from": {"uris": ["mast:JWST/x"]}, "retention_days": 9999}, Invalid),
    ],
)
def test_what_can_be_told_at_once_creates_nothing(site: Site, body: dict[str, object], error: type) -> None:
    with pytest.raises(error):
        site.api.submissions.bundle(site.alice, body)
    assert list(site.api.control.list(site.alice)) == []


def test_somebody_elses_search_does_not_exist(site: Site) -> None:
    search = site.search(target="283.396 33.029 r=1m")
    bob = site.api.stores.users.add("bob")
    with pytest.raises(NotFound):
        site.api.submissions.bundle(bob, {"from": {"search": search.id}})
    with pytest.raises(UnknownJob):
        site.api.control.get(bob, search.id)


def test_a_repeated_key_gives_the_same_job(site: Site) -> None:
    body = {"from": M57}
    first = site.api.submissions.bundle(site.alice, body, "k1")
    again = site.api.submissions.bundle(site.alice, body, "k1")
    assert (first.job.id, first.repeated, again.repeated) == (again.job.id, False, True)
    assert len(site.woken) == 1


def test_a_held_bundle_waits_until_it_is_run(site: Site) -> None:
    new = site.bundle(NGC3132)
    site.resolve(new.id)
    piece = site.api.stores.slices.next()
    assert piece is not None
    assert site.api.control.hold(site.alice, new.id).phase == job.HELD
    assert site.api.stores.slices.renew(piece) is False
    site.transfer()
    site.upkeep()
    assert (site.job(new.id).phase, site.job(new.id).progress["files_done"]) == (job.HELD, 0)
    assert site.api.control.run(site.alice, new.id).phase == job.EXECUTING
    site.transfer()
    assert site.publish(new.id).outcome == "complete"


def test_a_retry_tries_the_failed_files_only_and_makes_the_next_revision(site: Site) -> None:
    done = site.run({"observations": ["1", "3"]}, notify=[{"email": "a@example.org"}])
    site.upkeep()  # both messages of the first revision are told; a retry would keep what is still owed
    first = site.sandbox.requests()["files"]
    old = box(site, done)
    again = site.api.control.retry(site.alice, done.id, everything=False)
    assert (again.phase, again.step, again.revision, again.notices) == (
        job.QUEUED,
        "again",
        1,
        ("ready a@example.org",),
    )
    container.for_query(site.settings).bundles.again(done.id)
    site.transfer()
    done = site.publish(done.id)
    assert (done.phase, done.outcome, done.revision) == (job.COMPLETED, "partial", 2)
    asked = {
        uri: n["requests"] - first.get(uri, {"requests": 0})["requests"]
        for uri, n in site.sandbox.requests()["files"].items()
    }
    assert {uri.rpartition("/")[2]: n for uri, n in asked.items() if n} == {"jw01558-o002_t001_miri_f770w_i2d.fits": 1}
    assert {p.name for p in box(site, done).rglob("*.fits")} == {p.name for p in old.rglob("*.fits")}


def test_what_has_not_ended_cannot_be_retried(site: Site) -> None:
    new = site.bundle(M57)
    with pytest.raises(IllegalMove):
        site.api.control.retry(site.alice, new.id, everything=False)


def test_deleting_leaves_nothing_but_the_cache(site: Site) -> None:
    done = site.run(M57)
    folder = box(site, done)
    site.api.control.delete(site.alice, done.id)
    assert not folder.exists()
    assert list(site.settings.tables.iterdir()) == []
    with pytest.raises(UnknownJob):
        site.job(done.id)
    assert site.run(M57).result["counts"]["cached"] == 2
