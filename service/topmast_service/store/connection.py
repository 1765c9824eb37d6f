"""One way to reach Redis, with timeouts, and the errors that mean it cannot be reached."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, TimeoutError
from redis.retry import Retry

UNAVAILABLE = (ConnectionError, TimeoutError, BusyLoadingError)
"""What the driver raises while Redis is away or still loading its AOF; drivers answer with `StoreUnavailable`."""

PREFIX = "topmast:"
"""Every key of ours begins so; Celery's do not."""


Client = Any
"""A `redis.Redis` that decodes and is synchronous; its stubs allow bytes and awaitables everywhere."""


def connect(url: str) -> Client:
    """A client that gives up after seconds, not never, and survives a restart of Redis between two commands."""
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=5,
        socket_connect_timeout=2,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), 3),
        retry_on_error=list(UNAVAILABLE),
        health_check_interval=30,
    )


def time_of(redis: Client) -> datetime:
    """Redis' own clock: leases are judged by one clock, not by each host's."""
    seconds, micro = redis.time()
    return datetime.fromtimestamp(seconds + micro / 1e6, UTC)
