"""SIGKILL in the middle: the bundle completes, once, whole."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import topmast
from tests.end_to_end.conftest import BULK_FILES, Live

WITHIN = 90.0
BULK = ["7"]


def in_the_middle(job: topmast.Job) -> topmast.Job:
    """The job once some files are done, and not all."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        job = job.refresh()
        done = job.progress.files_done or 0
        if 0 < done < BULK_FILES:
            return job
        assert not job.done, "it was over before anything could be killed"
        time.sleep(0.02)
    raise AssertionError("it never began")


def forget_the_cache(live: Live) -> None:
    """As if nothing had ever been fetched; nobody is at work between two tests."""
    for folder in ("index", "parts"):
        for path in (live.up.data / "cache" / folder).rglob("*"):
            if path.is_file():
                path.unlink()


@pytest.mark.parametrize("victim", ["worker-transfer", "worker-query", "worker-upkeep", "beat", "api", "redis", "ftps"])
def test_a_killed_process_costs_nothing_but_time(live: Live, victim: str, tmp_path: Path) -> None:
    forget_the_cache(live)
    before = {uri: count["requests"] for uri, count in live.asked().items()}
    live.sandbox("settings", first_byte_seconds=0.15)
    job = in_the_middle(live.client.bundle(BULK))
    live.up.kill(victim)
    done = job.wait(timeout=WITHIN)
    assert (done.phase, done.outcome) == ("COMPLETED", "complete")
    rows = done.manifest()
    assert len({row.path for row in rows}) == len(rows) == BULK_FILES
    done.download(tmp_path)
    assert all(hashlib.sha256((tmp_path / row.path).read_bytes()).hexdigest() == row.sha256 for row in rows)
    again = {uri: count["requests"] - before.get(uri, 0) for uri, count in live.asked().items()}
    bulk = [n for uri, n in again.items() if "jw04545" in uri]
    assert len(bulk) == BULK_FILES
    assert max(bulk) <= 2, "one request for each file, and one more for what the killed worker had in hand"


def test_two_bundles_of_the_same_files_at_once_fetch_each_file_once(live: Live) -> None:
    forget_the_cache(live)
    before = {uri: count["requests"] for uri, count in live.asked().items()}
    live.sandbox("settings", first_byte_seconds=0.05)
    jobs = [live.client.bundle(BULK, label=f"twin {n}") for n in (1, 2)]
    assert [j.wait(timeout=WITHIN).outcome for j in jobs] == ["complete", "complete"]
    after = live.asked()
    assert {after[uri]["requests"] - before.get(uri, 0) for uri in after if "jw04545" in uri} == {1}


def test_an_aborted_bundle_stops_within_seconds_and_leaves_nothing(live: Live) -> None:
    forget_the_cache(live)
    live.sandbox("settings", first_byte_seconds=0.3)
    job = in_the_middle(live.client.bundle(BULK))
    assert job.abort().phase == "ABORTED"
    settled(lambda: sum(count["requests"] for count in live.asked().values()))
    assert not list((live.up.data / "stage").glob(f"*/{job.id}"))


def settled(count: Callable[[], int]) -> None:
    """Wait until a counter stands still for two seconds; fails if it never does."""
    until, last, since = time.monotonic() + 20, count(), time.monotonic()
    while time.monotonic() < until:
        time.sleep(0.2)
        if (now := count()) != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > 2:
            return
    raise AssertionError("files are still being asked for")


def test_the_api_answers_while_everybody_waits(live: Live) -> None:
    live.sandbox("settings", first_byte_seconds=0.1)
    forget_the_cache(live)
    job = live.client.bundle(BULK)
    waiting = [threading.Thread(target=lambda: job.wait(timeout=WITHIN)) for _ in range(12)]
    for thread in waiting:
        thread.start()
    assert live.client.jobs.get(job.id).id == job.id
    for thread in waiting:
        thread.join()
    assert job.refresh().outcome == "complete"
