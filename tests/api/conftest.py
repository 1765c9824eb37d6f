"""The API over a real Redis; routes are called in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site, emptied
from tests.servers_redis import RedisProcess, start_redis


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture
def site(tmp_path: Path, redis_process: RedisProcess) -> Iterator[Site]:
    with emptied(tmp_path / "data", redis_process.url) as opened:
        yield opened


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return site.client()
