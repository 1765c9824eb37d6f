"""The API over a real Redis, called in this process; searches are written as workers write them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient

from tests.api.site import Site, open_site
from tests.servers_redis import RedisProcess, start_redis


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture
def site(tmp_path: Path, redis_process: RedisProcess) -> Iterator[Site]:
    with redis.Redis.from_url(redis_process.url) as client:
        client.flushall()
    opened = open_site(tmp_path / "data", redis_process.url)
    yield opened
    opened.api.stores.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return site.client()
