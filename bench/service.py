"""The service under measurement: `topmast-service up` with a sandbox, as users start it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.live import Up, start_up

import topmast
from bench.telling import say
from topmast import Bundle, Client, Progress

LONGEST = 3600.0  # seconds for one bundle
TOLD_EVERY = 10.0  # seconds between two lines of progress

MAST_LIKE = {"first_byte_seconds": 0.1, "bytes_per_second": 20e6}
"""Each file begins after 100 ms and comes with 20 MB/s over one connection."""

LATE_HEADS = {"uri": "*", "method": "HEAD", "fault": "late", "seconds": MAST_LIKE["first_byte_seconds"]}
"""The setting is about bodies, and the line is as long for a HEAD: astroquery sends one before every GET."""

UNHINDERED = {"first_byte_seconds": 0.0, "bytes_per_second": 0.0}


@dataclass(frozen=True)
class Service:
    """A running topmast and its MAST."""

    up: Up

    @property
    def mast(self) -> str:
        """The sandbox's address."""
        return str(self.up.endpoint["sandbox_url"])

    def pace(self, **settings: float) -> None:
        """Change how the sandbox behaves: `MAST_LIKE`, `UNHINDERED`, ``latency_seconds``."""
        self._tell("settings", settings)

    def fault(self, rule: Mapping[str, object]) -> None:
        """Let the sandbox follow a rule (docs/sandbox.md)."""
        self._tell("faults", rule)

    def _tell(self, what: str, document: Mapping[str, object]) -> None:
        body = json.dumps(document).encode()
        with urllib.request.urlopen(f"{self.mast}/_sandbox/{what}", body, timeout=30) as answer:  # noqa: S310 - loopback
            answer.read()

    @contextmanager
    def client(self, user: str = "") -> Iterator[Client]:
        """The first user's client, or that of another, who is made for it."""
        key = self._new_user(user) if user else str(self.up.endpoint["api_key"])
        with topmast.Client(str(self.up.endpoint["url"]), key) as client:
            yield client

    def box(self, bundle: Bundle) -> Path:
        """Where the published files of a bundle are on disk."""
        return next(self.up.data.joinpath("stage").glob(f"*/{bundle.id}/{bundle.revision}"))

    def peak_memory(self, queue: str) -> int:
        """Bytes that the largest process serving a queue ever had resident (VmHWM of proc(5))."""
        return max(peak(pid) for pid in self.up.everything if f"--queue\0{queue}\0" in _command(pid))

    def _new_user(self, name: str) -> str:
        self._command_line("users", "add", name)
        return self._command_line("keys", "create", name).strip()

    def _command_line(self, *words: str) -> str:
        command = [sys.executable, "-m", "topmast_service.cli", *words, "--data", str(self.up.data)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@contextmanager
def running(folder: Path, tables: Path, **settings: object) -> Iterator[Service]:
    """Start it in ``folder/data…`` over these tables; `settings` become ``TOPMAST_*``."""
    environment = {f"TOPMAST_{name.upper()}": str(value) for name, value in settings.items()}
    data = folder / f"data{len(list(folder.iterdir()))}"
    up = start_up(data, "--sandbox", "--catalog", str(tables), env=environment)
    try:
        yield Service(up)
    finally:
        up.stop()


def staged(client: Client, observation: int) -> tuple[Bundle, float]:
    """A bundle of one observation, and the seconds from POST to COMPLETED.

    By the record's own times: clients poll, and learn of the end up to a second later.

    Raises
    ------
    RuntimeError
        Not every file is there.
    """
    say(f"topmast stages observation {observation} …")
    done = client.bundle([observation]).wait(timeout=LONGEST, progress=Watch())
    if done.outcome != "complete" or not (done.created and done.ended):
        raise RuntimeError(f"{done.id} ended {done.outcome}: {done.raw}")
    seconds = (done.ended - done.created).total_seconds()
    say(f"topmast staged observation {observation}: {seconds:.2f} s")
    return done, seconds


class Watch:
    """Tells how far a bundle is, now and then."""

    def __init__(self) -> None:
        self._next = time.monotonic() + TOLD_EVERY

    def __call__(self, progress: Progress) -> None:
        """One look."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + TOLD_EVERY
            say(f"    {progress.activity}: {progress.files_done} of {progress.files_total} files")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def peak(pid: int) -> int:
    """Bytes that a process had resident at most (VmHWM of proc(5))."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def cores() -> int:
    """How many processors everything here shares."""
    return len(os.sched_getaffinity(0))
