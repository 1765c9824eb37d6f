"""Signals as something a loop can wait for: one pause that ends early when there is news."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Any, Self

STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""All three mean the same: stop, in the right order."""


class Signals:
    """Counts the requests to stop while its block runs; the end of a child wakes `pause` too. Main thread only."""

    def __init__(self) -> None:
        self.stops = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._news, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wakeup_before = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in STOP:
            self._before[number] = signal.signal(number, self._stop)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._news)
        os.close(self._wake)

    def pause(self, seconds: float) -> None:
        """Sleep for so long, or until the next signal."""
        if select.select([self._news], [], [], max(0.0, seconds))[0]:
            os.read(self._news, 4096)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stops += 1
