"""The composition root: builds what one kind of process needs, and imports no more than that.

The API loads no astroquery (half a second and 77 MB), workers load no Flask; `tests/test_house.py` looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.staging.tree import Trees
from topmast_service.store.connection import Client, connect
from topmast_service.store.jobs import JobStore
from topmast_service.store.messages import Messages
from topmast_service.store.slices import Slices
from topmast_service.store.users import Users
from topmast_service.workflows.control import Control
from topmast_service.workflows.submit import Submissions


@dataclass(frozen=True)
class Stores:
    """What every process has: the record, the work list, the users, the staged trees."""

    settings: Settings
    redis: Client
    jobs: JobStore
    slices: Slices
    users: Users
    trees: Trees

    def close(self) -> None:
        """Give the connections back."""
        self.redis.close()


def open_stores(settings: Settings) -> Stores:
    """Connect to Redis (lazily) and know where the folders are."""
    redis = connect(settings.redis_url)
    return Stores(settings, redis, JobStore(redis), Slices(redis, settings.lease), Users(redis), Trees(settings.stage))


@dataclass(frozen=True)
class Api:
    """What the routes are wired to."""

    stores: Stores
    submissions: Submissions
    control: Control


def for_api(settings: Settings, wake: Callable[[Job], None] | None = None) -> Api:
    """The API process: submits, shows and stops jobs; `wake` defaults to a Celery message."""
    stores = open_stores(settings)
    submissions = Submissions(
        stores.jobs, wake or Messages(settings.redis_url).wake, settings.retention_days, settings.max_retention_days
    )
    control = Control(stores.jobs, stores.slices, stores.trees, settings.tables)
    return Api(stores, submissions, control)
