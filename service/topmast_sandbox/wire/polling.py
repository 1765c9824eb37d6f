"""Queries that take time: one poll is held, then EXECUTING is said and the client asks again.

MAST's documentation: a request is held for up to its timeout (20 s by default), the client then
sends exactly the same request again, and a job that nobody asked for during 10 minutes is forgotten.
Time here is real time: a client really waits, whatever the sandbox's clock says.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

FORGOTTEN_AFTER = 600.0


def query_key(asked: Mapping[str, Any]) -> str:
    """Identify a portal query. Its pages share one job: the first page has done the work for all."""
    return json.dumps({name: value for name, value in asked.items() if name != "page"}, sort_keys=True)


@dataclass
class _Job:
    ready_at: float
    polls_left: int
    polled: float


class HeldQueries:
    """The portal's running queries, by the text that identifies a request."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._jobs: dict[str, _Job] = {}

    def known(self, key: str) -> bool:
        """Return whether this request has been asked before and is not forgotten."""
        with self._lock:
            self._forget()
            return key in self._jobs

    def begin(self, key: str, seconds: float, polls: int = 0) -> None:
        """Note that the request will take `seconds`, and at least `polls` answers of EXECUTING."""
        now = time.monotonic()
        with self._lock:
            self._jobs.setdefault(key, _Job(now + seconds, polls, now))

    def hold(self, key: str, at_most: float) -> bool:
        """Wait until the request is done, at most `at_most` seconds; return whether it is."""
        with self._lock:
            job = self._jobs[key]
            unfinished_by_count = job.polls_left > 0
            job.polls_left -= 1
        left = job.ready_at - time.monotonic()
        time.sleep(at_most if unfinished_by_count else max(0.0, min(left, at_most)))
        job.polled = time.monotonic()
        return not unfinished_by_count and left <= at_most

    def _forget(self) -> None:
        oldest = time.monotonic() - FORGOTTEN_AFTER
        for key in [key for key, job in self._jobs.items() if job.polled < oldest]:
            del self._jobs[key]
