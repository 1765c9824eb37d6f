"""An installation of real processes that may be killed at will: Redis with its append-only file, a sandbox, workers.

`topmast-service up` would do, but it gives up when a process dies for the fifth time within a minute, and here they die
more often. Every process has a group of its own, which is killed whole: a prefork worker has children.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import ConnectionError, TimeoutError
from redis.exceptions import BusyLoadingError

from tests.servers import SandboxProcess
from tests.servers_redis import RedisProcess, start_redis
from topmast_service import container
from topmast_service.config import Settings, as_environment
from topmast_service.domain.job import Job
from topmast_service.store.users import User

LEASE = 3.0
COMMANDS = {
    "query": ("worker", "--queue", "query"),
    "transfer": ("worker", "--queue", "transfer"),
    "upkeep": ("worker", "--queue", "upkeep"),
    "beat": ("beat",),
}
"""Kinds of processes; a name is a kind, or a kind and a number: ``transfer-2``."""

AWAY = (ConnectionError, TimeoutError, BusyLoadingError)


@dataclass
class Fleet:
    """A running installation; `ledger` is what was done to it, for the message of a test that failed."""

    settings: Settings
    redis: RedisProcess
    sandbox: SandboxProcess
    api: container.Api
    alice: User
    logs: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ledger: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def start(self, *names: str) -> None:
        """Start processes that are not running."""
        for name in names:
            command = [sys.executable, "-m", "topmast_service.cli", *COMMANDS[name.partition("-")[0]]]
            with (self.logs / f"{name}.log").open("ab") as output:
                self.processes[name] = subprocess.Popen(
                    command,
                    env={**os.environ, **as_environment(self.settings)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                    preexec_fn=_end_with_tests,  # noqa: PLW1509 - one call into libc, no lock is taken
                )

    def signal(self, name: str, number: int = signal.SIGKILL) -> None:
        """To a process and whatever it started; a killed one is waited for."""
        self.note(f"{signal.Signals(number).name} {name}")
        process = self.processes[name]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if number == signal.SIGKILL:
            process.wait(10)

    def mend(self) -> None:
        """Start again what ended by itself, as `up` and every other supervisor does."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                self.note(f"{name} ended by itself with {process.returncode}")
                self.start(name)

    def restart_redis(self, away: float = 0.0) -> None:
        """SIGKILL, and start it again on its append-only file after `away` seconds."""
        self.note(f"Redis is killed, for {away:.0f} s")
        self.redis.kill()
        time.sleep(away)
        self.redis.start()

    def note(self, what: str) -> None:
        """One line of the ledger."""
        self.ledger.append(f"{time.monotonic() - self.begun:6.2f} {what}")

    def bundle(self, *observations: str, user: User | None = None, **more: Any) -> Job:
        """Ask for a bundle."""
        body = {"from": {"observations": list(observations)}, **more}
        return self.patiently(lambda: self.api.submissions.bundle(user or self.alice, body).job)

    def job(self, job_id: str) -> Job:
        """The record as it is now, or as soon as Redis is back."""
        return self.patiently(lambda: self.api.stores.jobs.get(job_id))

    def patiently(self, ask: Callable[[], Any]) -> Any:
        """The answer, when Redis is there to give it."""
        until = time.monotonic() + 60
        while True:
            try:
                return ask()
            except AWAY:
                assert time.monotonic() < until, self.story("Redis never came back")
                time.sleep(0.1)

    def until(self, what: str, true: Callable[[], bool], within: float = 90.0) -> None:
        """Wait until something has come about; fails with the ledger when it does not."""
        end = time.monotonic() + within
        while not self.patiently(true):
            self.mend()
            assert time.monotonic() < end, self.story(f"not within {within:.0f} s: {what}")
            time.sleep(0.05)

    def ended(self, job_id: str, within: float = 90.0) -> Job:
        """The job once it is final and nobody has anything left to do for it."""
        jobs = self.api.stores.jobs
        self.until(f"the end of {job_id}", lambda: jobs.get(job_id).final, within)
        self.until(f"upkeep closes {job_id}", lambda: job_id not in jobs.open_ids())
        return self.job(job_id)

    def a_round_of_upkeep(self) -> None:
        """Wait for one that began after now."""
        for _ in range(2):  # one may be under way
            self.api.stores.redis.delete("topmast:once:orphans")
            self.until("a round of upkeep", lambda: bool(self.api.stores.redis.exists("topmast:once:orphans")), 30)

    def stop(self) -> None:
        """Kill everything that was started."""
        for name in self.processes:
            self.signal(name)
        self.api.stores.close()
        self.redis.stop()

    def story(self, failure: str) -> str:
        """The failure, and what led to it."""
        tails = [f"--- {path.name}\n{_tail(path)}" for path in sorted(self.logs.glob("*.log"))]
        found = self.api.stores.jobs.of(self.alice.name) if self._redis_is_there() else []
        jobs = [f"{job.id} {job.phase} {job.phase_reason} at {job.step}: {job.progress} {job.error}" for job in found]
        return "\n".join([failure, *self.ledger, *jobs, *tails])

    def _redis_is_there(self) -> bool:
        try:
            return bool(self.api.stores.redis.ping())
        except AWAY:
            return False


@contextmanager
def fleet_of(folder: Path, sandbox: SandboxProcess, data: Path | None = None, **more: Any) -> Iterator[Fleet]:
    """An installation without any worker yet; everything it started is dead afterwards.

    Parameters
    ----------
    data
        The data folder, if it is not to be one in `folder`.
    **more
        Other settings.
    """
    (folder / "redis").mkdir()
    (folder / "logs").mkdir()
    redis = start_redis(folder / "redis", aof=True)
    settings = Settings(
        data=data or folder / "data",
        redis_url=redis.url,
        mast_url=sandbox.url,
        resolver_url=sandbox.url,
        **{"lease": LEASE, "upkeep_every": 1.0, **more},
    )
    api = container.for_api(settings)
    fleet = Fleet(
        settings, redis, sandbox, api, api.stores.users.add("alice", email="alice@example.org"), folder / "logs"
    )
    try:
        yield fleet
    finally:
        fleet.stop()


def _tail(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines()
    ours = [line for line in lines if line.startswith("20") and "celery" not in line]
    return "\n".join([*ours[-20:], *lines[-3:]])


def _end_with_tests() -> None:
    """PR_SET_PDEATHSIG: a pytest that is killed leaves no workers behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
