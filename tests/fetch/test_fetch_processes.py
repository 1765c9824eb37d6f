"""Several real processes and threads on one cache; kill -9 in the middle."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from topmast_service.staging.part import PartBusy
from topmast_service.staging.shelf import Shelf
from topmast_service.workflows.fetch import Elsewhere, Stopped

from .conftest import Bring
from .scripted import URI, Script, stall

ONE = Path(__file__).with_name("one_fetch.py")


def start(bring: Bring, mast: Script) -> subprocess.Popen[str]:
    """One more process that fetches the file."""
    command = [sys.executable, str(ONE), str(bring.root), mast.url, URI]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def eventually(happened: Callable[[], bool]) -> None:
    """Wait until it is so; the test's own time limit ends a wait in vain."""
    while not happened():
        time.sleep(0.02)


def test_two_processes_make_one_request(bring: Bring, mast: Script, body: bytes) -> None:
    over = threading.Event()
    mast.answers.append(stall(len(body) // 2, over))
    processes = [start(bring, mast), start(bring, mast)]
    eventually(lambda: bool(mast.asked))
    time.sleep(0.3)  # the second one should come to the lock while the first is at work
    mast.etag = '"v1"'
    over.set()
    said = sorted(process.communicate(timeout=30)[0] for process in processes)
    sha256 = hashlib.sha256(body).hexdigest()
    assert said == [f"cached {sha256}", f"fetched {sha256}"]
    assert len([asked for asked in mast.gets() if asked.range is None]) == 1


def test_threads_make_one_request_too(bring: Bring, mast: Script) -> None:
    with ThreadPoolExecutor(6) as threads:
        sources = [fetched.source for fetched in threads.map(lambda _: bring(), range(6))]
    assert sorted(sources) == ["cached"] * 5 + ["fetched"]
    assert len(mast.asked) == 1


def test_a_killed_process_leaves_a_part_that_the_next_one_resumes(bring: Bring, mast: Script, body: bytes) -> None:
    over = threading.Event()
    mast.answers.append(stall(200_000, over))
    part = Shelf(bring.root).part(URI)
    with start(bring, mast) as process:
        eventually(lambda: part.exists() and part.stat().st_size == 200_000)
        with pytest.raises(PartBusy), bring.cache.open_part(URI, wait=0):
            pass
        process.kill()
    assert bring.cache.newest(URI) is None
    fetched = bring()
    over.set()
    assert bring.bytes_of(fetched) == body
    assert mast.gets()[1].range == "bytes=134464-"
    assert bring.leftovers() == []


def test_a_stop_is_heard_while_another_process_has_the_lock(bring: Bring, mast: Script) -> None:
    asked = iter([False, False, True])
    with bring.cache.open_part(URI, wait=0), pytest.raises(Stopped):
        bring(stop=lambda: next(asked))
    assert mast.asked == []


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.06, 0.1])
def test_killed_at_any_moment_the_cache_is_sound(bring: Bring, mast: Script, body: bytes, delay: float) -> None:
    with start(bring, mast) as process:
        eventually(lambda: bool(mast.asked))
        time.sleep(delay)
        process.kill()
    found = bring.cache.newest(URI)
    assert found is None or bring.cache.path(found).read_bytes() == body
    fetched = bring(now=lambda: datetime.now(UTC), max_age=timedelta(days=1))
    assert bring.bytes_of(fetched) == body
    assert bring.leftovers() == []


def test_who_waits_long_for_anothers_transfer_does_something_else(
    bring: Bring, mast: Script, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topmast_service.workflows.fetch._FLIGHT_WAIT", 0.1)
    over = threading.Event()
    mast.answers.append(stall(len(body) // 2, over))
    process = start(bring, mast)
    eventually(lambda: bool(mast.asked))
    with pytest.raises(Elsewhere):
        bring()
    mast.etag = '"v1"'
    over.set()
    assert process.communicate(timeout=30)[0].startswith("fetched ")
    assert bring().source == "cached"
