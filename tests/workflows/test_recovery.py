"""What upkeep finds after messages were lost, workers died, MAST was away, time passed."""

from __future__ import annotations

import mailbox
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.domain import job
from topmast_service.errors import StaleAttempt
from topmast_service.staging.tree import Trees
from topmast_service.store.jobs import JobStore
from topmast_service.workflows import fetch, transfer
from topmast_service.workflows.control import products_table

M57 = {"observations": ["1", "2"]}
MANY = {"observations": ["6"]}


def age(site: Site, job_id: str, **by: float) -> None:
    """Make a job older than it is."""
    past = timedelta(**by)

    def change(found: job.Job) -> job.Job:
        lease = found.lease_until - past if found.lease_until else None
        due = found.not_before - past if found.not_before else None
        since = found.suspended_since - past if found.suspended_since else None
        return replace(
            found, created=found.created - past, destruction=found.destruction - past,
            lease_until=lease, not_before=due, suspended_since=since,
        )  # fmt: skip

    site.api.stores.jobs.change(job_id, change)


def woken_by_upkeep(site: Site) -> list[str]:
    """The steps that a round calls for, as messages in the broker."""
    site.api.stores.redis.delete(*site.api.stores.redis.keys("topmast-celery:*"), "nothing")
    site.upkeep()
    return [
        name
        for queue in ("query", "transfer", "upkeep")
        for message in site.api.stores.redis.lrange(f"topmast-celery:{queue}", 0, -1)
        for name in ("topmast.search", "topmast.resolve", "topmast.publish", "topmast.transfer")
        if f'"{name}"' in message
    ]


def test_a_submission_cut_short_is_queued_and_called_for(site: Site) -> None:
    new = site.bundle(M57)
    site.api.stores.jobs.change(new.id, lambda j: replace(j, phase=job.PENDING, step=""))
    age(site, new.id, minutes=1)
    assert woken_by_upkeep(site) == ["topmast.resolve"]
    assert site.job(new.id).phase == job.QUEUED


def test_a_lost_wake_up_call_is_sent_again_but_not_every_round(site: Site) -> None:
    new = site.bundle(M57)
    assert woken_by_upkeep(site) == []
    age(site, new.id, minutes=1)
    assert woken_by_upkeep(site) == ["topmast.resolve"]
    assert woken_by_upkeep(site) == []


def test_a_dead_workers_step_is_done_by_another_and_the_dead_one_is_refused(site: Site) -> None:
    new = site.bundle(M57)
    lease = timedelta(seconds=30)
    dead = site.api.stores.jobs.change(new.id, lambda j: job.claim(j, site.api.stores.jobs.now(), lease))
    assert woken_by_upkeep(site) == []
    age(site, new.id, minutes=1)
    assert woken_by_upkeep(site) == ["topmast.resolve"]
    assert site.resolve(new.id).step == "transfer"
    with pytest.raises(StaleAttempt):
        site.api.stores.jobs.change(new.id, lambda j: job.hand_over(j, dead.attempt, "publish"))


def test_a_step_that_kills_every_worker_ends_the_job(site: Site) -> None:
    new = site.bundle(M57)
    lease = timedelta(seconds=1)
    for _ in range(job.MAX_LOST_ATTEMPTS):
        site.api.stores.jobs.change(new.id, lambda j: job.claim(j, site.api.stores.jobs.now(), lease))
        age(site, new.id, minutes=1)
    done = site.resolve(new.id)
    assert (done.phase, done.error and done.error["code"]) == (job.ERROR, "worker_lost")


def test_files_in_a_dead_workers_hands_go_back(site: Site) -> None:
    new = site.bundle(MANY)
    site.resolve(new.id)
    piece = site.api.stores.slices.next()
    assert piece is not None
    site.api.stores.redis.zadd("topmast:slices", {piece.id: 0})
    assert "topmast.transfer" in woken_by_upkeep(site)
    site.transfer()
    assert site.publish(new.id).outcome == "complete"


def test_a_bundle_waits_for_a_mast_that_is_away_and_goes_on(site: Site, dead_mast: Site) -> None:
    alive = replace(site.settings, mast_url=site.sandbox.url, resolver_url=site.sandbox.url)
    new = site.bundle(M57)
    assert site.resolve(new.id).phase_reason == "upstream_down"
    age(site, new.id, minutes=10)
    assert woken_by_upkeep(site) == ["topmast.resolve"]
    site.settings = alive
    assert site.resolve(new.id).phase == job.EXECUTING
    site.settings = replace(alive, mast_url="http://127.0.0.1:9")
    site.transfer()
    assert (site.job(new.id).phase, site.job(new.id).phase_reason) == (job.SUSPENDED, "upstream_down")
    site.settings = alive
    site.api.stores.redis.zadd(
        f"topmast:todo:{new.id}", dict.fromkeys(site.api.stores.redis.zrange(f"topmast:todo:{new.id}", 0, -1), 0)
    )
    site.transfer()
    done = site.publish(new.id)
    assert (done.phase, done.outcome, done.suspended_since) == (job.COMPLETED, "complete", None)


def test_patience_ends_and_what_there_is_is_published(site: Site) -> None:
    new = site.bundle(M57)
    site.resolve(new.id)
    site.settings = replace(site.settings, mast_url="http://127.0.0.1:9")
    site.transfer()
    age(site, new.id, days=2)
    site.upkeep()
    done = site.publish(new.id)
    assert (done.phase, done.outcome) == (job.COMPLETED, "partial")
    assert {r["status"] for r in site.rows(done).values()} == {"FAILED"}


def test_one_file_that_mast_refuses_for_ever_does_not_keep_the_others_waiting(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "ALONE_PAUSE", 0.0)
    monkeypatch.setattr(fetch, "_jitter", lambda _: 0.0)
    refused = "jw01558-o001_t001_miri_f560w_i2d.fits"
    site.sandbox.post("faults", rules=[{"uri": f"mast:JWST/product/{refused}", "fault": "status", "status": 503}])
    try:
        done = site.run(M57)
    finally:
        site.sandbox.post("faults", rules=[])
    assert (done.phase, done.outcome) == (job.COMPLETED, "partial")
    rows = site.rows(done)
    assert rows.pop(refused)["reason"].startswith("failed: MAST answered 503")
    assert {row["status"] for row in rows.values()} == {"OK"}


def test_a_file_that_cannot_be_confirmed_is_delivered_from_its_last_copy_and_says_so(site: Site) -> None:
    site.run({"observations": ["1"]})
    site.settings = replace(site.settings, max_age=0)
    new = site.bundle(M57)
    site.resolve(new.id)
    site.settings = replace(site.settings, mast_url="http://127.0.0.1:9")
    site.transfer()
    age(site, new.id, days=2)
    site.upkeep()
    done = site.publish(new.id)
    assert (done.outcome, done.progress["files_failed"]) == ("partial", 1)
    assert any(
        note.endswith("1. They may be old versions; retry with what=all asks again.") for note in done.result["notes"]
    )
    reasons = {row["productFilename"]: row["reason"] for row in site.rows(done).values()}
    assert reasons["jw01558-o001_t001_miri_f1000w_i2d.fits"].startswith("cached; MAST could not be asked")
    assert reasons["jw01558-o001_t001_miri_f560w_i2d.fits"].startswith("failed")


@pytest.mark.parametrize("damage", [lambda table: table.unlink(), lambda table: table.write_bytes(b"x" * 5000)])
def test_a_product_table_lost_while_files_move_is_made_again(site: Site, damage: Callable[[Path], object]) -> None:
    new = site.bundle(M57)
    site.resolve(new.id)
    damage(products_table(site.settings.tables, new.id))
    site.transfer()
    assert (site.job(new.id).phase, site.job(new.id).step) == (job.QUEUED, "resolve")
    site.resolve(new.id)
    site.transfer()
    assert site.publish(new.id).outcome == "complete"


def test_a_search_whose_mast_never_returns_ends_with_the_reason(dead_mast: Site) -> None:
    waiting = dead_mast.search(criteria={"obs_collection": "JWST"})
    age(dead_mast, waiting.id, days=2)
    dead_mast.upkeep()
    done = dead_mast.job(waiting.id)
    assert (done.phase, done.error and done.error["code"]) == (job.ERROR, "upstream_down")


def test_a_cache_emptied_before_publishing_is_filled_again(site: Site) -> None:
    new = site.bundle(M57)
    site.resolve(new.id)
    site.transfer()
    shutil.rmtree(site.settings.cache / "blobs")
    again = site.publish(new.id)
    assert (again.phase, again.step, again.revision) == (job.QUEUED, "resolve", None)
    site.resolve(new.id)
    site.transfer()
    assert site.publish(new.id).outcome == "complete"


def test_aborting_stops_the_transfer_within_a_file(site: Site) -> None:
    new = site.bundle(MANY)
    site.resolve(new.id)
    mover = threading.Thread(target=site.transfer)
    mover.start()
    site.api.control.abort(site.alice, new.id)
    mover.join(20)
    assert not mover.is_alive()
    assert site.job(new.id).phase == job.ABORTED
    site.upkeep()
    left = [k for k in site.api.stores.redis.keys("topmast:*") if new.id in k and ":once:" not in k]
    assert left == [f"topmast:job:{new.id}"]
    assert not list(site.settings.stage.glob("alice/*"))


def test_everybody_who_asked_is_told_once(site: Site) -> None:
    new = site.bundle(M57, notify=[{"email": "alice@example.org"}, {"email": "bob@example.org"}])
    site.upkeep()
    site.upkeep()
    site.resolve(new.id)
    site.transfer()
    site.publish(new.id)
    site.upkeep()
    site.upkeep()
    box = mailbox.Maildir(site.settings.mail, create=False)
    told = sorted((m["To"], "ready" if "ready" in m["Message-ID"] else "received") for m in box)
    assert [who for who, _ in told] == ["alice@example.org", "alice@example.org", "bob@example.org", "bob@example.org"]
    assert site.job(new.id).notices == ()
    assert site.api.stores.jobs.open_ids() == set()


def test_a_mail_server_that_is_away_is_asked_again_and_not_every_round(site: Site) -> None:
    site.settings = replace(site.settings, smtp_host="127.0.0.1", smtp_port=9, smtp_starttls=False)
    new = site.bundle(M57, notify=[{"email": "alice@example.org"}])
    site.upkeep()
    site.upkeep()
    assert site.job(new.id).notices == ("acknowledged alice@example.org", "ready alice@example.org")
    assert len([k for k in site.api.stores.redis.keys("topmast:once:mail:*") if new.id in k]) == 1


def test_after_its_retention_the_record_and_the_manifest_stay(site: Site) -> None:
    done = site.run(M57, notify=[])
    site.upkeep()
    age(site, done.id, days=8)
    site.upkeep()
    kept = site.job(done.id)
    assert kept.phase == job.ARCHIVED
    assert not list(site.settings.stage.glob("alice/*/1"))
    assert len(site.rows(kept)) == 2
    age(site, done.id, days=400)
    site.upkeep()
    assert list(site.settings.tables.iterdir()) == []
    assert site.api.stores.jobs.due_for_destruction(site.api.stores.jobs.now()) == []


def test_a_retry_at_the_last_moment_keeps_what_upkeep_was_about_to_remove(site: Site) -> None:
    done = site.run(M57)
    site.upkeep()
    age(site, done.id, days=8)
    site.api.control.retry(site.alice, done.id, everything=False)
    upkeep = container.for_upkeep(site.settings)
    upkeep._destroy(done, site.api.stores.jobs.now())  # as seen just before
    assert site.job(done.id).phase == job.QUEUED
    assert site.api.stores.trees.path("alice", done.id, 1).is_dir()


def test_what_a_killed_upkeep_left_to_remove_is_removed_by_the_next_round(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = site.run(M57, notify=[])
    site.upkeep()
    age(site, done.id, days=8)
    with monkeypatch.context() as patched:
        patched.setattr(Trees, "remove", interrupted)
        with pytest.raises(KeyboardInterrupt):
            site.upkeep()
    assert site.job(done.id).phase == job.ARCHIVED
    site.upkeep()
    assert not list(site.settings.stage.glob("alice/*/1"))
    assert len(site.rows(site.job(done.id))) == 2


def interrupted(*_: object) -> None:
    """As if killed here."""
    raise KeyboardInterrupt


def orphan(site: Site, *, hours: float) -> Path:
    """A tree that no record names, built so long ago."""
    folder = site.settings.stage / "alice" / "b_gone" / "1"
    folder.mkdir(parents=True)
    built = site.api.stores.jobs.now().timestamp() - hours * 3600
    os.utime(folder, (built, built))
    return folder


def test_trees_that_no_record_names_are_removed_once_they_are_old(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    now = site.api.stores.jobs.now()
    site.api.stores.redis.set("topmast:born", (now - timedelta(days=9)).isoformat())
    folder = orphan(site, hours=2)
    monkeypatch.setattr(JobStore, "now", lambda _: now + timedelta(hours=2))  # the tree's ctime cannot be set
    site.upkeep()
    assert not folder.exists()


def test_a_tree_just_built_is_left_to_whoever_builds_it(site: Site) -> None:
    folder = orphan(site, hours=0)
    site.upkeep()
    assert folder.exists()


def test_with_an_empty_redis_nothing_that_was_staged_before_is_removed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = orphan(site, hours=48)
    site.upkeep()
    site.run(M57)
    later = site.api.stores.jobs.now() + timedelta(hours=2)
    monkeypatch.setattr(JobStore, "now", lambda _: later)
    site.api.stores.redis.delete("topmast:once:orphans")
    site.upkeep()
    assert folder.exists()


def test_two_claims_at_the_same_moment_run_the_step_once(site: Site) -> None:
    new = site.bundle(M57)
    workers = [threading.Thread(target=site.resolve, args=(new.id,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert site.job(new.id).attempt == 1
    assert site.sandbox.requests()["services"].get("Mast.Caom.Products") == 1
