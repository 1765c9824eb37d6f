"""Celery's messages: they wake workers and say nothing that matters; what to do next is asked of the record.

A message may be lost, late or doubled (all three were measured), so losing one costs a round of upkeep and no more.
There is no result backend: it calls jobs PENDING that never existed. Expired messages are dropped, so that a worker
that was away for a night does not find a thousand wake-up calls.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import Celery
from kombu import Queue  # type: ignore[attr-defined]  # kombu fills its package lazily
from kombu.exceptions import OperationalError

from topmast_service.domain.job import Job

log = logging.getLogger(__name__)

QUERY, TRANSFER, UPKEEP = "query", "transfer", "upkeep"
"""The queues: asking MAST, moving bytes, looking after everything."""

WAKE_SECONDS = 600
"""A wake-up call older than this is worthless; upkeep has sent others since."""

DRAW_SECONDS = 60
"""A call to draw a picture is worthless when nobody waits for it any more: who does has asked again."""

TASK_OF_STEP = {
    "search": ("topmast.search", QUERY),
    "resolve": ("topmast.resolve", QUERY),
    "again": ("topmast.again", QUERY),
    "transfer": ("topmast.transfer", TRANSFER),
    "publish": ("topmast.publish", QUERY),
    "copy": ("topmast.copy", TRANSFER),
}
"""Which task begins which step of a job. Tasks are sent by name: who sends need not be able to import them."""


def make_app(redis_url: str) -> Celery:
    """A Celery application of our own: no default app, JSON only, no results.

    `acks_late` only makes a prefetch of one mean one; the visibility timeout is a day, since recovery is ours
    (lease, attempt, upkeep) and a redelivery would only start a live job twice.
    """
    app = Celery("topmast", broker=_with_path(redis_url), set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": 24 * 3600,
            "socket_timeout": 30,
            "global_keyprefix": "topmast-celery:",
        },
        task_queues=[Queue(name) for name in (QUERY, TRANSFER, UPKEEP)],  # type: ignore[no-untyped-call]  # kombu has no types
        task_default_queue=QUERY,
    )
    return app


class Messages:
    """Sends wake-up calls; `slots` is how many files may move at once, each in a thread that must be woken."""

    def __init__(self, redis_url: str, slots: int) -> None:
        self._app = make_app(redis_url)
        self._slots = slots

    def wake(self, job: Job) -> None:
        """Tell workers that `job` waits at its step; failing to is not an error, because upkeep tells them again."""
        task, queue = TASK_OF_STEP[job.step]
        args, times = (list[str](), self._slots) if job.step == "transfer" else ([job.id], 1)
        for _ in range(times):
            if not self._send(task, args, queue):
                return

    def refresh_columns(self) -> None:
        """Ask for what MAST says of its columns; upkeep asks again if nothing comes of it."""
        self._send("topmast.columns", [], QUERY)

    def look_for_releases(self, job_id: str) -> None:
        """Ask whether exclusive files of a bundle have become public; upkeep asks again if this is lost."""
        self._send("topmast.releases", [job_id], QUERY)

    def show_tokens(self) -> None:
        """Have MAST see the tokens that idle; upkeep asks again if nothing comes of it."""
        self._send("topmast.tokens", [], QUERY)

    def draw(self, search_id: str, where: Sequence[str], stale: bool) -> None:
        """Have a sky plot of a search drawn; whoever waits for it asks again if this is lost."""
        self._send("topmast.sky", [search_id, list(where), stale], QUERY, DRAW_SECONDS)

    def _send(self, task: str, args: Sequence[object], queue: str, expires: int = WAKE_SECONDS) -> bool:
        try:
            self._app.send_task(task, args=args, queue=queue, expires=expires, retry=False)
        except OperationalError:
            log.warning("could not send %s: the broker is away", task)
            return False
        return True


def _with_path(redis_url: str) -> str:
    """Celery writes a unix socket as ``redis+socket://``, redis-py as ``unix://``."""
    return redis_url.replace("unix://", "redis+socket://", 1)
