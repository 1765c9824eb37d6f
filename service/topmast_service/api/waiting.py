"""Waiting for a job without letting those who wait keep everybody else out.

Forty stalled clients on sixteen threads blocked even /livez; so at most a quarter of a process's threads wait, and who
comes beyond that is answered at once and told when to come back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from threading import BoundedSemaphore

from topmast_service.api.schemas.parameters import MAX_WAIT
from topmast_service.domain.job import HELD, Job
from topmast_service.store.users import User
from topmast_service.workflows.control import Control

_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?:[;,]|$)", re.IGNORECASE | re.ASCII)
LOOK_EVERY = 0.1
"""Seconds between two looks at something that tells nobody when it is ready."""


class Waiters:
    """The places for those who wait, in one process."""

    def __init__(self, control: Control, threads: int) -> None:
        self._control = control
        self._places = BoundedSemaphore(max(1, threads // 4))

    def for_change(self, user: User, job_id: str, since: int | None, seconds: float) -> Job:
        """The job once its version is past `since`; at once if all places are taken."""
        if not self._places.acquire(blocking=False):
            return self._control.get(user, job_id)
        try:
            return self._control.wait(user, job_id, since, seconds)
        finally:
            self._places.release()

    def for_end(self, user: User, job: Job, seconds: float) -> Job:
        """The job once it is final or HELD (only its user can help); at the latest after `seconds`, at once if all
        places are taken.
        """
        end = time.monotonic() + seconds
        if job.final or seconds <= 0 or not self._places.acquire(blocking=False):
            return job
        try:
            while not (job.final or job.phase == HELD) and (left := end - time.monotonic()) > 0:
                job = self._control.wait(user, job.id, job.version, left)
            return job
        finally:
            self._places.release()

    def until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Whether it is ready, at the latest after `seconds`; looked at once if all places are taken."""
        end = time.monotonic() + seconds
        if ready():
            return True
        if not self._places.acquire(blocking=False):
            return False
        try:
            while not (found := ready()) and time.monotonic() < end:
                time.sleep(LOOK_EVERY)
            return found
        finally:
            self._places.release()


def preferred(prefer: str) -> int:
    """The N of ``Prefer: wait=N`` (RFC 7240), 0 without, at most `MAX_WAIT`."""
    found = _WAIT.search(prefer)
    return min(int(found[1]), MAX_WAIT) if found else 0
