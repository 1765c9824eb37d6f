"""The whole service as users start it: `topmast-service up` in a process of its own.

up = start_up(tmp_path / "data", "--sandbox", "--scale", "0.01")
up.endpoint["url"]; up.pids["worker-transfer"]; up.kill("worker-transfer"); up.stop()
"""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_WITHIN = 120.0  # seconds; CI machines are busy
STOP_WITHIN = 60.0

ROLES = {
    "redis": re.compile(r"redis-server"),
    "sandbox": re.compile(r"topmast_sandbox"),
    "api": re.compile(r"gunicorn.*topmast_service\.api"),
    "ftps": re.compile(r"topmast_service\.cli ftps"),
    "worker-query": re.compile(r"worker --queue query"),
    "worker-transfer": re.compile(r"worker --queue transfer"),
    "worker-upkeep": re.compile(r"worker --queue upkeep"),
    "beat": re.compile(r"topmast_service\.cli beat"),
    "guard": re.compile(r"embedded\.guard"),
}


@dataclass
class Up:
    """A running `up`; `endpoint` is what its endpoint.json says, `output` the file with what it printed."""

    data: Path
    endpoint: dict[str, Any]
    process: "subprocess.Popen[bytes]"
    output: Path

    @property
    def pids(self) -> dict[str, int]:
        """The processes that `up` started, by name."""
        found = {}
        for pid in _processes():
            if _stat(pid)[1] == self.process.pid:
                line = _command_line(pid)
                found |= {name: pid for name, pattern in ROLES.items() if pattern.search(line)}
        return found

    @property
    def everything(self) -> set[int]:
        """All processes of the service but `up`, also those that its children started."""
        group = self.pids["guard"]
        return {pid for pid in _processes() if _stat(pid)[2] == group}

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to one process; return its pid."""
        pid = self.pids[name]
        os.kill(pid, number)
        return pid

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop everything as a user does; return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def start_up(data: Path, *args: str, env: dict[str, str] | None = None) -> Up:
    """Start ``topmast-service up --data DATA --port 0 ARGS`` and wait until it is ready.

    Raises
    ------
    RuntimeError
        It ended, or was not ready in time; with what it printed.
    """
    output = data.parent / f"{data.name}.up.log"
    command = [sys.executable, "-m", "topmast_service.cli", "up", "--data", str(data), "--port", "0", *args]
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            preexec_fn=_end_with_tests,  # noqa: PLW1509 - one call into libc, no lock is taken
        )
    until = time.monotonic() + START_WITHIN
    while not _is_ready(data, process.pid):
        if process.poll() is not None or time.monotonic() > until:
            process.terminate()
            process.wait()
            raise RuntimeError(f"`up` did not start: {output.read_text(errors='replace')}")
        time.sleep(0.05)
    return Up(data, json.loads((data / "endpoint.json").read_text()), process, output)


def alive(pids: set[int]) -> set[int]:
    """Those of `pids` that run (a zombie does not)."""
    return {pid for pid in pids if _stat(pid)[0] not in ("", "Z", "X")}


def until_none(pids: set[int], within: float = 30.0) -> set[int]:
    """Wait until none of `pids` runs; return those that still do."""
    until = time.monotonic() + within
    while (left := alive(pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def _is_ready(data: Path, pid: int) -> bool:
    """endpoint.json of a killed predecessor does not count: the lock says who has the folder."""
    try:
        holder = json.loads((data / "lock").read_text() or "{}").get("pid")
    except (FileNotFoundError, ValueError):
        return False
    return holder == pid and (data / "endpoint.json").exists()


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> tuple[str, int, int]:
    """State, parent and process group (proc(5)); empty when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", 0, 0
    return fields[0], int(fields[1]), int(fields[2])


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _end_with_tests() -> None:
    """PR_SET_PDEATHSIG: a pytest that is killed leaves no service behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
