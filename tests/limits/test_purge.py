"""Room made by hand: what is in use stays, whatever is killed in between."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.limits.site_of_workflows import redis_process, sandbox, site
from tests.limits.test_staged_bytes import uris
from tests.workflows.conftest import FITS, Site
from topmast_service import container
from topmast_service.cli import cli
from topmast_service.config import as_environment
from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.workflows.archiving import Archiving
from topmast_service.workflows.purge import IN_USE, REMOVED

__all__ = ["redis_process", "sandbox", "site"]

I2D = {"uris": ["mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits"]}


def run(site: Site, *words: str) -> Result:
    done = CliRunner(env=as_environment(site.settings)).invoke(cli, list(words))
    assert done.exit_code == 0, done.output
    return done


def blobs(site: Site) -> int:
    return len(list((site.settings.cache / "blobs").glob("*/*")))


def box(site: Site, found: Job) -> bool:
    return site.api.stores.trees.path(found.owner, found.id, 1).exists()


def purge(site: Site, *, dry: bool = False) -> Any:
    return container.for_purge(site.settings, dry=dry)


def test_a_user_s_bundles_go_and_their_records_and_manifests_stay(site: Site) -> None:
    bob = site.api.stores.users.add("bob")
    mine, running = site.run(uris(0, 1)), site.resolve(site.bundle(uris(2)).id)
    other = site.api.submissions.bundle(bob, {"from": uris(0)}).job
    site.resolve(other.id)
    site.publish(other.id)
    told = run(site, "purge", "--user", "alice", "--dry-run").output
    assert "1 would be removed" in told
    assert box(site, mine)
    assert "1 removed" in run(site, "purge", "--user", "alice").output
    gone = site.job(mine.id)
    assert (gone.phase, gone.step, box(site, mine)) == (job.ARCHIVED, "", False)
    assert len(site.rows(gone)) == 2
    assert "removed by an operator" in gone.result["notes"][-1]
    assert not site.job(running.id).final
    assert box(site, other)
    assert "0 removed" in run(site, "purge", "--user", "alice").output


def test_old_bundles_go(site: Site) -> None:
    old, young = site.run(uris(0)), site.run(uris(1))
    long_ago = site.api.stores.jobs.now() - timedelta(days=31)
    site.api.stores.jobs.change(old.id, lambda j: replace(j, published_at=long_ago))
    run(site, "purge", "--older-than", "30")
    assert [site.job(one.id).phase for one in (old, young)] == [job.ARCHIVED, job.COMPLETED]


def test_a_bundle_that_is_made_anew_stays(site: Site) -> None:
    done = site.run(uris(0))
    site.api.control.retry(site.alice, done.id, everything=False)
    assert [one.verdict for one in purge(site).bundles("alice", None)] == [IN_USE]
    assert box(site, done)


def test_whoever_kills_it_leaves_a_job_that_upkeep_finishes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    done = site.run(uris(0))
    site.upkeep()

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Archiving, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            list(purge(site).bundles("alice", None))
    assert site.job(done.id).phase == job.ARCHIVED
    assert box(site, done)
    site.upkeep()
    assert not box(site, done)
    assert len(site.rows(site.job(done.id))) == 1


def test_what_is_cached_of_a_program_goes_unless_it_is_in_use(site: Site) -> None:
    gone, staged = site.run(uris(0, 1, 2)), site.run(uris(3))
    other = site.run(I2D)
    for each in (gone, other):
        site.api.control.delete(site.alice, each.id)
    waiting = site.bundle(uris(0))
    site.resolve(waiting.id)  # found in the cache, not linked yet
    assert blobs(site) == 5
    planned = {one.what[-11:-9]: one.verdict for one in purge(site, dry=True).cached("2733")}
    assert sorted(planned.values()) == [IN_USE, IN_USE, REMOVED, REMOVED]
    assert blobs(site) == 5
    told = run(site, "purge", "--program", "2733").output
    assert "2 removed" in told
    assert "2 in use" in told
    assert blobs(site) == 3
    assert site.publish(waiting.id).outcome == "complete"
    assert box(site, staged)
    site.upkeep()
    assert site.run(uris(1)).outcome == "complete"  # fetched again


def test_one_of_them_must_be_said(site: Site) -> None:
    for words in ([], ["--user", "alice", "--program", "1"]):
        assert CliRunner(env=as_environment(site.settings)).invoke(cli, ["purge", *words]).exit_code == 2


def test_quotas_are_set_shown_and_reset(site: Site) -> None:
    run(site, "quotas", "set", "alice", "--open-jobs", "5", "--staged-bytes", "2TB")
    assert "open_jobs 5 (set), staged_bytes 2000000000000 (set)" in run(site, "quotas", "show", "alice").output
    run(site, "quotas", "set", "alice", "--reset", "--open-jobs", "100")
    assert site.api.stores.quotas.own("alice") == {"open_jobs": 100}  # said, though it is the default here
    assert "alice: open_jobs 100 (set)" in run(site, "quotas", "show").output


def test_usage_is_told_to_people_and_programs(site: Site) -> None:
    site.run(uris(0, 1))
    [one] = json.loads(run(site, "usage", "--json").output)["items"]
    assert (one["user"], one["files"], one["staged_bytes"]) == ("alice", 2, 2 * FITS)
    assert run(site, "usage", "--by", "program").output.startswith("2733\t115.2 kB\t1 bundles, 2 files")
