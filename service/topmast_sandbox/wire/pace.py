"""How slowly bytes go out: over one connection, and over all of them together."""

import time
from collections.abc import Iterator
from threading import Lock

from topmast_sandbox.settings import Switchboard


class Line:
    """The line that all connections share, as wide as the settings say."""

    def __init__(self, settings: Switchboard) -> None:
        self._settings = settings
        self._lock = Lock()
        self._free_at = 0.0

    def paced(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """`body`, its first byte late, and no faster than the settings say when it begins."""
        now = self._settings.now
        if now.first_byte_seconds:  # even a sleep of nothing gives the processor away
            time.sleep(now.first_byte_seconds)
        if not now.bytes_per_second and not now.total_bytes_per_second:
            yield from body
            return
        begun, sent = time.monotonic(), 0
        for piece in body:
            yield piece
            sent += len(piece)
            own = begun + sent / now.bytes_per_second if now.bytes_per_second else 0.0
            time.sleep(max(0.0, max(own, self._taken(len(piece), now.total_bytes_per_second)) - time.monotonic()))

    def _taken(self, length: int, rate: float) -> float:
        """Return when the shared line has carried so many bytes more."""
        if not rate:
            return 0.0
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + length / rate
            return self._free_at
