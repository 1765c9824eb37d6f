"""The Celery application of one worker process: its tasks, each a line to the workflow that does the work."""

from __future__ import annotations

from celery import Celery

from topmast_service.config import Settings
from topmast_service.store.messages import QUERY, TRANSFER, UPKEEP, make_app
from topmast_service.worker import tasks


def make_worker_app(settings: Settings, queue: str) -> Celery:
    """An application that knows the tasks of `queue` only, so that a transfer worker loads no astroquery."""
    app = make_app(settings.redis_url)
    {QUERY: tasks.register_query, TRANSFER: tasks.register_transfer, UPKEEP: tasks.register_upkeep}[queue](
        app, settings
    )
    return app


def make_beat_app(settings: Settings) -> Celery:
    """An application that only keeps time: a round of upkeep every few seconds, dropped if nobody takes it."""
    app = make_app(settings.redis_url)
    every = settings.upkeep_every
    options = {"queue": UPKEEP, "expires": every}
    app.conf.beat_schedule = {"upkeep": {"task": "topmast.upkeep", "schedule": every, "options": options}}
    return app
