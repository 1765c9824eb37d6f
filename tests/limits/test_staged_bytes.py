"""Bytes per user, on real parts: what does not fit ends before any byte moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.limits.site_of_workflows import redis_process, sandbox, site
from tests.workflows.conftest import FITS, Site
from topmast_service.domain import job

__all__ = ["redis_process", "sandbox", "site"]

NAMES = [f"jw02733-o001_t001_nircam_clear-f090w_{n:02}_i2d.fits" for n in range(40)]


def uris(*numbers: int) -> dict[str, list[str]]:
    return {"uris": [f"mast:JWST/product/{NAMES[n]}" for n in numbers]}


def known(*numbers: int) -> dict[str, Any]:
    """The same files, chosen from an observation: MAST tells their sizes."""
    source = {"observations": ["jw02733-o001_t001_nircam_clear-f090w"]}
    return {"source": source, "select": {"names": [NAMES[n] for n in numbers]}}


def allow(site: Site, files: float) -> None:
    site.api.stores.quotas.set("alice", staged_bytes=int(files * FITS))


def fetched(site: Site) -> int:
    return len(list((site.settings.cache / "blobs").glob("*/*")))


def test_a_selection_that_does_not_fit_ends_before_any_byte_moves(site: Site) -> None:
    allow(site, 2.5)
    ended = site.resolve(site.bundle(**known(0, 1, 2)).id)
    assert (ended.phase, ended.error["code"]) == (job.ERROR, "over_quota")
    assert f"({int(2.5 * FITS)} bytes)" in ended.error["detail"]
    assert fetched(site) == 0
    assert site.run(**known(0, 1)).outcome == "complete"


def test_what_is_on_its_way_counts_and_so_does_what_is_staged(site: Site) -> None:
    allow(site, 4)
    first, second = site.bundle(**known(0, 1)), site.bundle(**known(2, 3, 4))
    site.resolve(first.id)  # its files are not here yet
    assert site.resolve(second.id).error["code"] == "over_quota"
    site.transfer()
    site.publish(first.id)
    assert site.resolve(site.bundle(**known(2, 3, 4)).id).error["code"] == "over_quota"
    site.api.control.delete(site.alice, first.id)
    assert site.resolve(site.bundle(**known(2, 3, 4)).id).phase == job.EXECUTING


def test_a_step_that_is_repeated_does_not_count_itself(site: Site) -> None:
    allow(site, 2)
    new = site.bundle(**known(0, 1))
    site.resolve(new.id)
    site.api.stores.jobs.change(new.id, lambda j: job.leave_transfer(j, "resolve"))
    assert site.resolve(new.id).phase == job.EXECUTING
    site.transfer()
    assert site.publish(new.id).outcome == "complete"


def test_a_plan_shows_whether_it_fits(site: Site) -> None:
    allow(site, 3)
    site.run(**known(0, 1))
    fits, too_much = (site.resolve(site.bundle(**known(*n), dry_run=True).id) for n in ((2,), (2, 3)))
    quota = {"limit": 3 * FITS, "used": 2 * FITS, "needed": FITS, "fits": True}
    assert fits.result["plan"]["quota"] == quota
    assert too_much.result["plan"]["quota"] == quota | {"needed": 2 * FITS, "fits": False}
    assert too_much.phase == job.COMPLETED


def test_a_retry_of_everything_counts_only_once(site: Site) -> None:
    allow(site, 2)
    done = site.run(**known(0, 1))
    site.api.control.retry(site.alice, done.id, everything=True)
    assert site.resolve(done.id).phase != job.ERROR


def test_without_a_limit_nothing_is_asked(site: Site) -> None:
    site.settings = replace(site.settings, staged_bytes_per_user=0)
    done = site.run(**known(0))
    plan = site.resolve(site.bundle(**known(1), dry_run=True).id).result["plan"]["quota"]
    assert plan == {"limit": None, "used": done.result["bytes"]["total"], "needed": FITS, "fits": True}


def test_files_whose_size_nobody_told_are_not_staged_beyond_the_limit(site: Site) -> None:
    allow(site, 2.5)
    ended = site.run(uris(0, 1, 2))
    assert (ended.phase, ended.error["code"]) == (job.ERROR, "over_quota")
    assert not site.api.stores.trees.path("alice", ended.id, 1).exists()
    assert site.run(uris(0, 1)).outcome == "complete"
