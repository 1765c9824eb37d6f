"""Workers killed at random, Redis restarted, a tenth of all requests spoilt: every file right, each published once.

Seeded: what happens is drawn from the seed, when exactly is up to the machine. A failure tells the seed and what was
done until then. ``TOPMAST_CHAOS_SEED`` repeats one.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.catalogue import BLOCK, uri_of
from tests.chaos.conftest import FILES
from tests.chaos.fleet import Fleet, fleet_of
from tests.chaos.witness import asked_little, is_whole, tidy
from tests.servers import SandboxProcess
from topmast_service.domain.job import Job

WORKERS = ("transfer-1", "transfer-2", "query", "upkeep", "beat")
VICTIMS = (*["transfer-1", "transfer-2"] * 3, "query", "upkeep", "beat")
SHARE = 0.1
"""Of all requests for files that meet a fault."""

FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": "reset", "at": 150_000},
    {"fault": "cut", "at": 90_000},
    {"fault": "stall", "at": 60_000, "seconds": 1.0},
    {"fault": "status", "status": 503, "retry_after": 1},
    {"fault": "status", "status": 500},
    {"fault": "html"},
    {"fault": "refused"},
    {"fault": "late", "seconds": 1.0},
)


def spoil(sandbox: SandboxProcess, draw: random.Random) -> None:
    """A tenth of the requests for files meet one fault or another."""
    share = SHARE / len(FAULTS)
    rules = [{"service": "Download/file", "uri": "*", "share": share, "seed": draw.randrange(1000)} for _ in FAULTS]
    sandbox.post("faults", rules=[rule | fault for rule, fault in zip(rules, FAULTS, strict=True)])


def wreak(fleet: Fleet, draw: random.Random, accidents: list[str], pause: float, jobs: list[Job]) -> None:
    """One accident after the other, `pause` seconds apart on the average."""
    for each in accidents:
        time.sleep(draw.uniform(0.5, 1.5) * pause)
        fleet.mend()
        done = [fleet.job(job.id).progress.get("files_done", 0) for job in jobs]
        fleet.note(f"{done} files are done")
        if each == "redis":
            fleet.restart_redis()
        else:
            fleet.signal(each)
            fleet.start(each)


def drawn(draw: random.Random, kills: int, restarts: int) -> list[str]:
    """Whom it will hit, in turn."""
    accidents = [*draw.choices(VICTIMS, k=kills), *["redis"] * restarts]
    draw.shuffle(accidents)
    return accidents


def chaos(
    folder: Path,
    sandbox: SandboxProcess,
    number: int,
    *,
    kills: int,
    restarts: int,
    pause: float,
    rate: int,
    within: float,
) -> None:
    """Two users ask for the same files at once; see what is left of them in the end."""
    seed = int(os.environ.get("TOPMAST_CHAOS_SEED") or random.SystemRandom().randrange(10**6))
    draw = random.Random(seed)  # noqa: S311 - guards nothing
    sandbox.set(bytes_per_second=rate)
    spoil(sandbox, draw)
    with fleet_of(folder, sandbox) as fleet:
        fleet.note(f"seed {seed}")
        fleet.start(*WORKERS)
        bob = fleet.api.stores.users.add("bob", email="bob@example.org")
        jobs = [fleet.bundle(str(number)), fleet.bundle(str(number), user=bob)]
        wreak(fleet, draw, drawn(draw, kills, restarts), pause, jobs)
        ended = [fleet.ended(job.id, within) for job in jobs]
        counted = sandbox.requests()
        sandbox.post("faults", rules=[])
        sizes = {uri_of(number, place): size * BLOCK for place, size in enumerate(FILES[number])}
        for job in ended:
            is_whole(fleet, job, len(sizes))
        asked_little(fleet, counted, kills + restarts, sizes)
        tidy(fleet, ended)


@pytest.mark.timeout(180)
def test_some_chaos(folder: Path, sandbox: SandboxProcess) -> None:
    chaos(folder, sandbox, 60, kills=6, restarts=1, pause=1.2, rate=400_000, within=90)


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_much_chaos(folder: Path, sandbox: SandboxProcess) -> None:
    chaos(folder, sandbox, 500, kills=20, restarts=2, pause=4, rate=400_000, within=400)
