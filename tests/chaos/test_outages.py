"""Redis, MAST or the disk are gone for a while: everything waits, and goes on where it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.chaos.catalogue import BLOCK, catalogue, uri_of
from tests.chaos.conftest import FILES, SMALL
from tests.chaos.fleet import Fleet, fleet_of
from tests.chaos.witness import asked_little, is_whole, tidy
from tests.servers import SandboxProcess, start_sandbox
from topmast_service.domain.job import SUSPENDED, Job

WORKERS = ("query", "upkeep", "beat", "transfer-1", "transfer-2")


def sizes(number: int) -> dict[str, int]:
    """Bytes of an observation's files."""
    return {uri_of(number, place): size * BLOCK for place, size in enumerate(FILES[number])}


def under_way(fleet: Fleet, number: int, rate: int) -> Job:
    """A bundle some of whose files are there, and not all."""
    fleet.sandbox.set(bytes_per_second=rate)
    fleet.start(*WORKERS)
    job = fleet.bundle(f"{number}")
    fleet.until("some files", lambda: fleet.job(job.id).progress.get("files_done", 0) > 0)
    assert not fleet.job(job.id).final, fleet.story("it was over before anything could go wrong")
    return job


def redis_goes(folder: Path, sandbox: SandboxProcess, number: int, away: float) -> None:
    """For so many seconds, while files are on their way."""
    with fleet_of(folder, sandbox) as fleet:
        job = under_way(fleet, number, 300_000)
        fleet.restart_redis(away)
        done = fleet.ended(job.id)
        counted = sandbox.requests()
        is_whole(fleet, done, len(FILES[number]))
        asked_little(fleet, counted, 1, sizes(number))
        tidy(fleet, [done])


def test_redis_is_gone_for_seconds(folder: Path, sandbox: SandboxProcess) -> None:
    redis_goes(folder, sandbox, 30, 8.0)


@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_redis_is_gone_for_a_minute(folder: Path, sandbox: SandboxProcess) -> None:
    redis_goes(folder, sandbox, 60, 60.0)


@pytest.fixture
def own_sandbox(folder: Path) -> Iterator[SandboxProcess]:
    """One that may die."""
    process = start_sandbox(folder, "--catalog", str(catalogue(folder, {20: FILES[20]})))
    yield process
    process.stop()


def again(sandbox: SandboxProcess, folder: Path) -> None:
    """The same MAST at the same address."""
    port = f"{urlsplit(sandbox.url).port}"
    sandbox.process = start_sandbox(folder, "--catalog", str(folder / "catalogue"), "--port", port).process


def test_mast_is_gone_for_long(folder: Path, own_sandbox: SandboxProcess) -> None:
    """An hour in seconds: nothing is given up, what came is kept, and nobody needs to ask again."""
    with fleet_of(folder, own_sandbox) as fleet:
        job = under_way(fleet, 20, 50_000)
        own_sandbox.process.kill()
        own_sandbox.process.wait()
        fleet.until("the job waits", lambda: fleet.job(job.id).phase == SUSPENDED)
        assert fleet.job(job.id).phase_reason == "upstream_down"
        again(own_sandbox, folder)
        done = fleet.ended(job.id)
        is_whole(fleet, done, len(FILES[20]))
        tidy(fleet, [done])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 16 MB, of which 11 are taken."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", disk], capture_output=True, check=False)
    if sys.platform != "linux" or mounted.returncode:
        pytest.skip("mounting a small disk needs root on Linux")
    (disk / "ballast").write_bytes(bytes(11 << 20))
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_the_disk_is_full(folder: Path, sandbox: SandboxProcess, small_disk: Path) -> None:
    """Nothing half is kept, Redis (elsewhere) goes on, and with room again the bundle comes about."""
    with fleet_of(folder, sandbox, small_disk / "data", keep_free_bytes=0) as fleet:
        job = under_way(fleet, 21, 0)
        fleet.until("the job waits", lambda: fleet.job(job.id).phase == SUSPENDED)
        assert fleet.job(job.id).phase_reason == "disk_full"
        (small_disk / "ballast").unlink()
        done = fleet.ended(job.id)
        is_whole(fleet, done, len(FILES[21]))
        tidy(fleet, [done])


@pytest.mark.chaos
def test_the_operator_wants_room_kept(folder: Path, sandbox: SandboxProcess) -> None:
    """Below the floor transfers wait, as on a full disk; with a lower floor they go on."""
    with fleet_of(folder, sandbox, keep_free_bytes=1 << 60) as fleet:
        fleet.start(*WORKERS)
        job = fleet.bundle("21")
        fleet.until("the job waits", lambda: fleet.job(job.id).phase == SUSPENDED)
        assert fleet.job(job.id).phase_reason == "disk_full"
        fleet.settings = replace(fleet.settings, keep_free_bytes=0)
        for name in WORKERS:
            fleet.signal(name)
        fleet.start(*WORKERS)
        is_whole(fleet, fleet.ended(job.id), len(FILES[21]))


assert SMALL * BLOCK * 20 > 5 << 20, "twenty files must not fit on what is left of the small disk"
