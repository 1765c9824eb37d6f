"""Each store test runs on a real Redis and on fakeredis (which keeps the same promises, or the fake is wrong)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fakeredis
import pytest
import redis

from tests.servers_redis import RedisProcess, start_redis


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(Path(tmp_path_factory.mktemp("redis")))
    yield process
    process.stop()


@pytest.fixture(params=["real", "fake"])
def client(request: pytest.FixtureRequest, redis_process: RedisProcess) -> Iterator[redis.Redis]:
    if request.param == "fake":
        yield fakeredis.FakeRedis(decode_responses=True, version=(6, 2))
        return
    found = redis.Redis.from_url(redis_process.url, decode_responses=True)
    found.flushall()
    yield found
    found.close()
