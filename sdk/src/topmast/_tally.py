"""How much of a download is here, counted over all threads."""

from __future__ import annotations

import threading

from ._clock import Clock
from ._progress import Progress, Show

REDRAW = 0.1  # seconds between two drawings of a bar


class Tally:
    """Counts over all threads, shown now and then.

    Parameters
    ----------
    files, size
        How many files, and bytes (None: not known), there will be.
    """

    def __init__(self, files: int | None, size: int | None, show: Show, clock: Clock) -> None:
        self._lock = threading.Lock()
        self._show, self._clock, self._drawn = show, clock, float("-inf")
        self._bytes, self._files, self._of, self._total = 0, 0, files, size

    def bytes(self, count: int) -> None:
        """So many bytes more, or less."""
        with self._lock:
            self._bytes += count
            if self._clock.monotonic() - self._drawn >= REDRAW:
                self._draw()

    def file(self) -> None:
        """One file more is dealt with."""
        with self._lock:
            self._files += 1
            self._draw()

    def expect(self, files: int | None, size: int | None) -> None:
        """There will be another number of files and bytes than it seemed."""
        with self._lock:
            self._of, self._total = files, size

    def already(self, files: int, size: int) -> None:
        """So many files and bytes were dealt with before."""
        with self._lock:
            self._files, self._bytes = self._files + files, self._bytes + size

    def _draw(self) -> None:
        self._drawn = self._clock.monotonic()
        self._show(Progress("DOWNLOADING", self._files, self._of, bytes_done=self._bytes, bytes_total=self._total))
