"""Reprocessed, renamed, withdrawn: what a bundle says of files that did not stay what they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.conftest import FITS, Site
from topmast_service import container
from topmast_service.domain.job import Job
from topmast_service.errors import NoSuchRevision
from topmast_service.staging.cache import Cache
from topmast_service.staging.version import Origin, Version

F560W = "mast:JWST/product/jw01558-o001_t001_miri_f560w_i2d.fits"
M57 = {"observations": ["1", "2"]}


def fits(cal_ver: str) -> bytes:
    """A FITS file as long as the sandbox's, made by another pipeline."""
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    1"]
    cards += [f"NAXIS1  = {FITS - 2880:20}", f"CAL_VER = '{cal_ver}'", "CRDS_CTX= 'jwst_0913.pmap'", "END"]
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode().ljust(FITS, b"\0")


def put(site: Site, uri: str, body: bytes, *, age: timedelta = timedelta(0)) -> Version:
    """As if `uri` had been fetched with these bytes, so long ago."""
    with Cache(site.settings.cache).open_part(uri, wait=1) as part:
        part.restart(Origin(total=len(body), validator='"other"', etag='"other"'))
        part.append(body)
        return part.commit(site.api.stores.jobs.now() - age)


def test_a_reprocessed_file_says_what_it_was(site: Site) -> None:
    put(site, F560W, fits("1.5.3"), age=timedelta(days=3))
    row = site.rows(site.run({"uris": [F560W]}))[F560W.rpartition("/")[2]]
    assert row["status"] == "OK"
    assert row["reason"].startswith("reprocessed, was 1.5.3, jwst_0913.pmap")


def test_a_withdrawn_file_is_delivered_from_the_last_copy(site: Site) -> None:
    gone = F560W.replace("f560w", "f999w")
    version = put(site, gone, fits("1.5.3"), age=timedelta(days=3))
    done = site.run({"uris": [gone]})
    (row,) = site.rows(done).values()
    assert (done.outcome, row["sha256"]) == ("complete", version.sha256)
    assert row["reason"].startswith("withdrawn; this is the copy of ")


def test_a_bundle_tells_what_has_been_superseded_since(site: Site) -> None:
    done = site.run(M57)
    assert site.api.versions.superseded(done) == {"count": 0, "files": []}
    put(site, F560W, fits("9.9.9"))
    site.api.stores.redis.delete(f"topmast:memo:superseded:{done.id}:1")
    told = site.api.versions.superseded(done)
    assert told["count"] == 1
    assert told["files"][0].endswith("f560w_i2d.fits")


def renewed(site: Site, done: Job) -> Job:
    """The next revision, everything listed anew."""
    site.api.control.retry(site.alice, done.id, everything=True)
    site.resolve(done.id)
    site.transfer()
    return site.publish(done.id)


def test_a_new_revision_brings_the_new_bytes_and_the_difference_is_told(site: Site) -> None:
    put(site, F560W, fits("1.5.3"))
    first = site.run(M57)
    site.settings = replace(site.settings, max_age=0.0)
    second = renewed(site, first)
    assert (first.revision, second.revision, second.outcome) == (1, 2, "complete")
    (change,) = site.api.versions.difference(second, 1, 2)
    assert (change["change"], change["dataURI"], change["old"]["cal_ver"]) == ("changed", F560W, "1.5.3")
    assert change["new"]["sha256"] != change["old"]["sha256"]
    assert list(site.api.versions.difference(second, 2, 2)) == []
    with pytest.raises(NoSuchRevision):
        list(site.api.versions.difference(second, 1, 3))


def test_files_of_different_pipelines_are_mentioned(site: Site) -> None:
    put(site, F560W, fits("1.5.3"))
    notes = " ".join(site.run(M57).result["notes"])
    assert "2 pipeline versions (CAL_VER)" in notes
    assert "1.5.3" in notes


def test_a_retry_keeps_the_very_versions_of_the_revision_before(site: Site) -> None:
    done = site.run({"observations": ["1", "2", "3"]})
    before = {name: row["sha256"] for name, row in site.rows(done).items()}
    put(site, F560W, fits("9.9.9"))
    site.api.control.retry(site.alice, done.id, everything=False)
    container.for_query(site.settings).bundles.again(done.id)
    site.transfer()
    again = site.publish(done.id)
    assert {name: row["sha256"] for name, row in site.rows(again).items()} == before
