"""What goes when room is short, in which order, and what never goes."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.workflows.conftest import FITS, Site
from topmast_service import container
from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.staging.cache import Cache
from topmast_service.staging.disk import Disk, Limits
from topmast_service.staging.space import FOLDERS, Space
from topmast_service.staging.version import Origin, Version
from topmast_service.store.uses import Uses
from topmast_service.workflows.eviction import Eviction

NAMES = [f"jw02733-o001_t001_nircam_clear-f090w_{n:02}_i2d.fits" for n in range(40)]


def uris(*numbers: int) -> dict[str, list[str]]:
    return {"uris": [f"mast:JWST/product/{NAMES[n]}" for n in numbers]}


def blobs(site: Site) -> set[str]:
    return {path.name for path in (site.settings.cache / "blobs").glob("*/*")}


def index_files(site: Site) -> list[Path]:
    return sorted((site.settings.cache / "index").glob("*/*.json"))


def hashes(site: Site, job: Job) -> set[str]:
    return {row["sha256"] for row in site.rows(job).values()}


def evicting(site: Site, cache_high_bytes: int = 0, cache_low_bytes: int = 0) -> Eviction:
    """Eviction as upkeep has it, after a look at the whole cache."""
    site.settings = replace(site.settings, cache_high_bytes=cache_high_bytes, cache_low_bytes=cache_low_bytes)
    eviction = container.for_upkeep(site.settings).eviction
    eviction.survey(len(FOLDERS), site.api.stores.jobs.now())
    return eviction


def round_and_tidy(eviction: Eviction) -> None:
    eviction.round()
    eviction.tidy(len(FOLDERS))


def unstage(site: Site, *jobs: Job) -> None:
    """Remove the trees: what they pinned is only cached now."""
    for each in jobs:
        site.api.stores.trees.remove(each.owner, each.id)


@pytest.fixture
def three(site: Site) -> list[Job]:
    """Three bundles of five files, used one after the other; nothing is staged any more."""
    jobs = [site.run(uris(*range(n, n + 5))) for n in (0, 5, 10)]
    site.upkeep()
    uses, now = Uses(site.api.stores.redis), site.api.stores.jobs.now()
    for number, each in enumerate(jobs):
        uses.forget(hashes(site, each))
        uses.note(hashes(site, each), now - timedelta(hours=3 - number))
    unstage(site, *jobs)
    return jobs


def test_the_longest_unused_go_until_the_low_mark(site: Site, three: list[Job]) -> None:
    eviction = evicting(site, cache_high_bytes=12 * FITS, cache_low_bytes=8 * FITS)
    round_and_tidy(eviction)
    assert len(blobs(site)) == 8
    assert hashes(site, three[2]) < blobs(site)
    assert not hashes(site, three[0]) & blobs(site)
    assert len(index_files(site)) == 8


def test_below_the_high_mark_nothing_goes(site: Site, three: list[Job]) -> None:
    round_and_tidy(evicting(site, cache_high_bytes=15 * FITS, cache_low_bytes=1))
    assert len(blobs(site)) == len(index_files(site)) == 15


def test_what_is_staged_stays_however_long_unused(site: Site) -> None:
    staged, idle = site.run(uris(0, 1, 2)), site.run(uris(3, 4))
    unstage(site, idle)
    Uses(site.api.stores.redis).note(hashes(site, idle), site.api.stores.jobs.now())
    eviction = evicting(site, cache_high_bytes=FITS, cache_low_bytes=FITS)
    round_and_tidy(eviction)
    assert blobs(site) == hashes(site, staged)
    files = list((site.settings.stage / "alice" / staged.id / "1" / "JWST").glob("*/*"))
    assert [path.stat().st_size for path in files] == [FITS] * 3


def test_a_use_by_another_bundle_counts(site: Site, three: list[Job]) -> None:
    again = site.run(uris(0))
    site.upkeep()  # the bundle has ended: its files were used now
    unstage(site, again)
    round_and_tidy(evicting(site, cache_high_bytes=14 * FITS, cache_low_bytes=FITS))
    assert blobs(site) == hashes(site, again)


def test_what_a_live_bundle_settled_is_kept_until_it_is_linked(site: Site, three: list[Job]) -> None:
    live = site.bundle(uris(0, 20))
    site.resolve(live.id)
    site.transfer()
    round_and_tidy(evicting(site, cache_high_bytes=FITS, cache_low_bytes=FITS))
    done = site.publish(live.id)
    assert (done.phase, done.outcome) == (job.COMPLETED, "complete")
    assert blobs(site) == hashes(site, done)


def test_an_evicted_file_is_fetched_again(site: Site, three: list[Job]) -> None:
    round_and_tidy(evicting(site, cache_high_bytes=1, cache_low_bytes=1))
    assert blobs(site) == set()
    assert index_files(site) == []
    again = site.run(uris(0, 1, 2, 3, 4))
    assert again.result["counts"]["fetched"] == 5
    assert hashes(site, again) == hashes(site, three[0])


def test_room_on_the_disk_counts_too(site: Site, three: list[Job]) -> None:
    eviction = evicting(site)
    disk = eviction.space.disk()
    eviction.limits = replace(eviction.limits, keep_free=disk.free)  # never reached: everything that may goes
    round_and_tidy(eviction)
    assert blobs(site) == set()


def test_under_the_floor_transfers_wait_and_go_on(site: Site) -> None:
    free = Space(site.settings.cache).disk().free
    usual, site.settings = (
        site.settings,
        replace(site.settings, keep_free_bytes=2 * free),
    )  # others on this disk free some too
    waiting = site.bundle(uris(0))
    site.resolve(waiting.id)
    site.transfer()
    assert (site.job(waiting.id).phase, site.job(waiting.id).phase_reason) == (job.SUSPENDED, "disk_full")
    assert not list(site.settings.cache.glob("*/*"))
    site.settings = usual
    time.sleep(site.api.stores.slices.due_in() or 0)
    site.transfer()
    assert site.publish(waiting.id).outcome == "complete"


def test_eviction_begins_before_transfers_wait() -> None:
    disk = Disk(size=1000, free=110)
    limits = Limits.of(disk, high=900, low=800, keep_free=100)
    assert limits.excess(500, disk, emptying=False) == 40
    assert limits.excess(500, replace(disk, free=130), emptying=False) == 0
    assert limits.excess(500, replace(disk, free=130), emptying=True) == 20
    assert limits.excess(901, replace(disk, free=500), emptying=False) == 101
    assert limits.excess(850, replace(disk, free=500), emptying=False) == 0
    assert limits.excess(850, replace(disk, free=500), emptying=True) == 50


def test_the_newest_stays_on_record_while_an_older_one_is_kept(tmp_path: Path) -> None:
    """Without it, the older one would be taken for what MAST has now."""
    cache, space, uri = Cache(tmp_path), Space(tmp_path), "mast:HLSP/a.dat"
    old, new = keep(cache, uri, b"old"), keep(cache, uri, b"newer")
    assert cache.link(old, tmp_path / "pin")
    assert space.evict(new.sha256) == 5
    assert all(space.tidy_index(folder) for folder in FOLDERS)
    assert cache.newest(uri) is None
    (tmp_path / "pin").unlink()
    assert space.evict(old.sha256) == 3
    assert all(space.tidy_index(folder) for folder in FOLDERS)
    assert cache.versions(uri) == []


def test_an_index_file_in_somebodys_hands_is_left_alone(tmp_path: Path) -> None:
    cache, space, uri = Cache(tmp_path), Space(tmp_path), "mast:HLSP/a.dat"
    space.evict(keep(cache, uri, b"bytes").sha256)
    with cache.open_part(uri, wait=0):
        assert [space.tidy_index(folder) for folder in FOLDERS].count(False) == 1
        assert cache.versions(uri)
    assert all(space.tidy_index(folder) for folder in FOLDERS)
    assert cache.versions(uri) == []
    assert list(tmp_path.glob("parts/*")) == []


def test_parts_of_live_bundles_stay_others_go(site: Site) -> None:
    live = site.bundle(uris(0))
    site.resolve(live.id)
    cache = Cache(site.settings.cache)
    wanted, unwanted = uris(0, 1)["uris"]
    for uri in (wanted, unwanted):
        with cache.open_part(uri, wait=0) as part:
            part.restart(Origin(total=FITS, validator='"v"', etag='"v"'))
            part.append(b"x" * 100_000)
    with cache.open_part("mast:HLSP/busy.dat", wait=0) as busy:
        busy.restart(Origin(total=5))
        busy.append(b"half")
        site.upkeep()
        with cache.open_part(wanted, wait=0) as part:
            assert part.size == 100_000
        with cache.open_part(unwanted, wait=0) as part:
            assert part.size == 0
        busy.append(b"!")
        assert busy.commit(datetime.now(UTC)) == cache.newest(busy.uri)
    site.api.control.abort(site.alice, live.id)
    site.upkeep()
    assert list((site.settings.cache / "parts").iterdir()) == []


def test_files_aside_of_the_dead_go(site: Site) -> None:
    site.run(uris(0))
    left = index_files(site)[0].with_name("dead.tmp")
    young = left.with_name("young.tmp")
    for path in (left, young):
        path.write_text("{")
    os.utime(left, (1, 1))
    Space(site.settings.cache).tidy_index(left.parent.name)
    assert (left.exists(), young.exists()) == (False, True)


def keep(cache: Cache, uri: str, content: bytes) -> Version:
    with cache.open_part(uri, wait=5) as part:
        part.restart(Origin(total=len(content)))
        part.append(content)
        return part.commit(datetime.now(UTC))


def test_a_link_that_races_with_an_eviction_is_whole_or_a_miss(tmp_path: Path) -> None:
    cache, space, uri = Cache(tmp_path), Space(tmp_path), "mast:HLSP/a.dat"
    content = b"x" * 100_000
    version, stop = keep(cache, uri, content), threading.Event()

    def evict() -> None:
        while not stop.is_set():
            space.evict(version.sha256)

    thread = threading.Thread(target=evict)
    thread.start()
    missed = 0
    try:
        for number in range(300):
            target = tmp_path / "links" / str(number)
            if cache.link(version, target):
                assert target.read_bytes() == content
                target.unlink()
            else:
                missed += 1
                assert not target.exists()
                keep(cache, uri, content)
    finally:
        stop.set()
        thread.join()
    assert missed
