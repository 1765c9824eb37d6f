"""Two workers, one stopped in mid-file for longer than its lease: the bytes are right, nothing happens twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.chaos.catalogue import BLOCK, uri_of
from tests.chaos.conftest import LARGE
from tests.chaos.fleet import Fleet, fleet_of
from tests.chaos.witness import asked_little, is_whole, tidy
from tests.servers import SandboxProcess
from topmast_service.domain.job import Job

RATE = 1_500_000
"""Bytes per second: the file of 4 MB takes a little less than three seconds."""

SOCKETS = 4 << 20
"""Bytes that the kernel takes for a reader who is stopped; they count as sent."""


def in_mid_file(fleet: Fleet, number: int) -> Job:
    """A bundle of one large file, some of whose bytes worker 1 has on disk."""
    fleet.sandbox.set(bytes_per_second=RATE)
    fleet.start("query", "upkeep", "beat", "transfer-1")
    job = fleet.bundle(f"{number}")
    parts = fleet.settings.cache / "parts"
    fleet.until("the first bytes", lambda: any(p.stat().st_size > 1_000_000 for p in parts.glob("*.part")))
    return job


def taken_over(fleet: Fleet) -> None:
    """Worker 1 is stopped, and worker 2 has been given its file."""
    store = fleet.api.stores.redis
    (before,) = store.zrange("topmast:slices", 0, -1)
    fleet.signal("transfer-1", signal.SIGSTOP)
    fleet.start("transfer-2")
    fleet.until("another has the file", lambda: [s for s in store.zrange("topmast:slices", 0, -1) if s != before] != [])


def test_a_worker_that_wakes_up_after_its_lease_does_no_harm(folder: Path, sandbox: SandboxProcess) -> None:
    with fleet_of(folder, sandbox) as fleet:
        job = in_mid_file(fleet, 1)
        taken_over(fleet)
        fleet.signal("transfer-1", signal.SIGCONT)
        done = fleet.ended(job.id)
        counted = sandbox.requests()
        is_whole(fleet, done, 1)
        asked_little(fleet, counted, 1, {uri_of(1, 0): LARGE * BLOCK}, SOCKETS)
        tidy(fleet, [done])


@pytest.mark.chaos
def test_a_worker_that_dies_in_its_sleep_is_gone_on_for(folder: Path, sandbox: SandboxProcess) -> None:
    with fleet_of(folder, sandbox) as fleet:
        job = in_mid_file(fleet, 2)
        taken_over(fleet)
        fleet.signal("transfer-1")
        done = fleet.ended(job.id)
        counted = sandbox.requests()
        is_whole(fleet, done, 1)
        asked_little(fleet, counted, 1, {uri_of(2, 0): LARGE * BLOCK}, SOCKETS)
        tidy(fleet, [done])
