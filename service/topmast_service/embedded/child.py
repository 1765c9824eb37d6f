"""One process of the embedded service: started, watched, restarted with growing pauses, stopped."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
TAIL_LINES = 15
LOG_LIMIT = 20 * 1024**2
"""A log longer than this is put aside when its process is first started."""


@dataclass
class Child:
    """What to run, and what has become of it.

    Parameters
    ----------
    stop_within
        Seconds from SIGTERM to SIGKILL.
    needs_fds
        Descriptors that it inherits.
    hidden
        Variables of the environment that it must not know: everybody may read their own process' environment, and a
        process that is broken into gives away what it was given.
    """

    name: str
    command: Sequence[str]
    log: Path
    stop_within: float = 5.0
    needs_fds: tuple[int, ...] = ()
    hidden: frozenset[str] = frozenset()
    process: subprocess.Popen[bytes] | None = None
    restart_at: float | None = None
    deaths: deque[float] = field(default_factory=deque)

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.process.pid if self.running and self.process else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def start(self, environment: dict[str, str], group: int, *, stdin: int = subprocess.DEVNULL) -> None:
        """Start it in the process group `group` (0: as the leader of a new one), output to its log."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - the commands are ours, and no shell reads them
                self.command,
                env={name: value for name, value in environment.items() if name not in self.hidden},
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=self.needs_fds,
                process_group=group,
            )
        self.restart_at = None

    def note_death(self, window: float) -> int:
        """Plan the restart; return how often it died within the last `window` seconds."""
        now = time.monotonic()
        self.deaths.append(now)
        while self.deaths[0] < now - window:
            self.deaths.popleft()
        self.restart_at = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (len(self.deaths) - 1))
        return len(self.deaths)

    def terminate(self) -> None:
        """Ask it to stop; nothing happens if it has."""
        if self.running and self.process:
            self.process.terminate()

    def kill(self) -> None:
        """End it now and collect it; nothing happens if it has ended."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def cause(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode if self.process else None
        if code is not None and code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit status {code}"

    def tail(self) -> str:
        """The last lines of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 8192))
                lines = file.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-TAIL_LINES:])

    def put_log_aside(self) -> None:
        """Keep one former log when this one has grown long."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
