"""Starts the processes of the embedded service, keeps them running, and stops all of them in order.

All children share one process group, led by the guard: so whatever they started themselves ends with them, and a
Ctrl-C in the terminal reaches `up` alone, which then stops them in the right order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from topmast_service.embedded.child import Child
from topmast_service.embedded.reasons import CannotRun
from topmast_service.embedded.signals import Signals

MAX_DEATHS, DEATH_WINDOW = 5, 60.0
"""A process that dies so often within so many seconds will not get better by itself."""


class StopAsked(Exception):
    """SIGTERM, Ctrl-C or the end of the terminal."""


class Supervisor:
    """A context: inside it, children run; at its end none is left, whatever the reason.

    Parameters
    ----------
    logs
        Folder for one log per process.
    environment
        Of all children, whole.
    say
        Gets what a person should know: deaths and restarts.
    stages
        Names of processes in the order of stopping; those of one stage are stopped together.
    keep_open
        Descriptors that every child inherits: the lock on the data folder.
    told
        Who may know a secret of the environment: the variable, and how names of those processes begin.
    """

    def __init__(
        self,
        logs: Path,
        environment: dict[str, str],
        say: Callable[[str], None],
        stages: Sequence[Sequence[str]],
        keep_open: tuple[int, ...] = (),
        *,
        told: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self._logs = logs
        self._environment = environment
        self._say = say
        self._stages = stages
        self._keep_open = keep_open
        self._told = told
        self._children: list[Child] = []
        self._signals = Signals()

    def __enter__(self) -> Self:
        self._signals.__enter__()
        self._hold, self._life = os.pipe2(os.O_CLOEXEC)
        command = [sys.executable, "-m", "topmast_service.embedded.guard"]
        guard_log = self._logs / "guard.log"
        self._guard = Child("guard", command, guard_log, needs_fds=self._keep_open, hidden=self._hidden("guard"))
        self._guard.start(self._environment, 0, stdin=self._hold)
        self._group = self._guard.process.pid if self._guard.process else 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for names in self._stages:
                self._stop([child for child in self._children if child.name in names])
            with suppress(ProcessLookupError):
                os.killpg(self._group, signal.SIGKILL)
            self._guard.kill()
        finally:
            os.close(self._hold)
            os.close(self._life)
            self._signals.__exit__(kind, error, trace)

    def add(
        self,
        name: str,
        command: list[str],
        *,
        stop_within: float = 5.0,
        needs_fds: tuple[int, ...] = (),
    ) -> Child:
        """Start a process that is kept running from now on."""
        descriptors = (*self._keep_open, *needs_fds)
        child = Child(name, command, self._logs / f"{name}.log", stop_within, descriptors, self._hidden(name))
        child.put_log_aside()
        child.start(self._environment, self._group)
        self._children.append(child)
        return child

    def _hidden(self, name: str) -> frozenset[str]:
        """Secrets that are nothing to a process."""
        return frozenset(variable for variable, names in self._told.items() if not name.startswith(names))

    def wait_for(self, what: str, ready: Callable[[], bool], within: float) -> None:
        """Wait until `ready` says so. While starting nothing is restarted: what fails now would fail again.

        Raises
        ------
        CannotRun
            A process ended, or it takes too long.
        StopAsked
            The user does not want to wait.
        """
        until = time.monotonic() + within
        while not ready():
            self._pause(0.1)
            for child in self._children:
                if not child.running:
                    raise self._ended(child, f"{child.name} {child.cause()} while starting")
            if time.monotonic() > until:
                child = next((c for c in self._children if c.name == what), self._guard)
                raise self._ended(child, f"{what} was not ready within {within:.0f} seconds")

    def watch(self) -> None:
        """Restart what dies, until asked to stop.

        Raises
        ------
        StopAsked
            Always, in the end, unless
        CannotRun
            a process died 5 times within a minute.
        """
        watched = (*self._children, self._guard)
        while True:
            for child in watched:
                self._look_after(child)
            waiting = [child.restart_at for child in watched if child.restart_at is not None]
            self._pause(min(waiting) - time.monotonic() if waiting else 5.0)

    def _stop(self, chosen: list[Child]) -> None:
        """Stop these together: SIGTERM, and SIGKILL for what does not go in time or when asked to stop again."""
        asked, begun = self._signals.stops, time.monotonic()
        for child in chosen:
            child.terminate()
        while any(child.running for child in chosen):
            for child in chosen:
                late = time.monotonic() - begun > child.stop_within
                if child.running and (late or self._signals.stops > asked):
                    child.kill()
            self._signals.pause(0.2)

    def _look_after(self, child: Child) -> None:
        if child.running:
            return
        if child.restart_at is None:
            self._note_death(child)
        elif child.restart_at <= time.monotonic():
            stdin = self._hold if child is self._guard else subprocess.DEVNULL
            child.start(self._environment, self._group, stdin=stdin)

    def _note_death(self, child: Child) -> None:
        deaths = child.note_death(DEATH_WINDOW)
        if deaths >= MAX_DEATHS:
            raise self._ended(child, f"{child.name} {child.cause()}, for the {deaths}th time within a minute")
        self._say(f"{child.name} {child.cause()} and is restarted; its log is {child.log}")

    def _pause(self, seconds: float) -> None:
        if not self._signals.stops:
            self._signals.pause(seconds)
        if self._signals.stops:
            raise StopAsked

    def _ended(self, child: Child, what: str) -> CannotRun:
        return CannotRun(f"{what}.\n{child.tail()}".rstrip(), hint=f"The whole log is {child.log}.")
