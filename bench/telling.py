"""What a benchmark tells while it runs, on standard error, and how it takes the time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


def say(text: str) -> None:
    """One line of progress."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


@dataclass
class Seconds:
    """A duration, known once its block has ended."""

    value: float = 0.0


@contextmanager
def taking(what: str) -> Iterator[Seconds]:
    """Take the time of a block and tell it."""
    say(f"{what} …")
    begun, taken = time.perf_counter(), Seconds()
    yield taken
    taken.value = time.perf_counter() - begun
    say(f"{what}: {taken.value:.2f} s")


def middle(measure: Callable[[], float], times: int) -> float:
    """The median of several measurements: one hiccup of a shared machine is not the result."""
    return sorted(measure() for _ in range(times))[times // 2]
