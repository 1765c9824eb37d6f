"""Time as the SDK sees it: one clock that tests can replace, and deadlines that hold over many tries."""

from __future__ import annotations

import math
import random
import threading
import time
from dataclasses import dataclass, field


class Clock:
    """Monotonic time, pauses and chance; the only place where the SDK sleeps."""

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps."""
        return time.monotonic()

    def sleep(self, seconds: float, until: threading.Event | None = None) -> None:
        """Do nothing for so long, or until somebody sets `until`."""
        if until is None:
            time.sleep(seconds)
        else:
            until.wait(seconds)

    def fraction(self) -> float:
        """A number in [0, 1), for jitter."""
        return random.random()  # noqa: S311 - spreads retries, guards nothing

    def deadline(self, seconds: float | None) -> Deadline:
        """A moment `seconds` from now; None never comes."""
        return Deadline(self, math.inf if seconds is None else self.monotonic() + max(0.0, seconds))


@dataclass(frozen=True)
class Deadline:
    """A moment on `clock` by which something has to be over."""

    clock: Clock = field(repr=False)
    moment: float

    def left(self) -> float:
        """Seconds until then, at least 0; infinite without a limit."""
        return max(0.0, self.moment - self.clock.monotonic())

    def cut(self, seconds: float) -> float:
        """`seconds`, or what is left if that is less."""
        return min(seconds, self.left())

    @property
    def passed(self) -> bool:
        """Whether the moment is over."""
        return self.left() <= 0.0
