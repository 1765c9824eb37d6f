"""Searches by FITS keywords against a sandbox with the default catalogue, its files a thousandth of their size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess, start_redis
from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.store.tables import Table
from topmast_service.workflows.control import rows_table


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = start_sandbox(tmp_path_factory.mktemp("sandbox"), "--scale", "0.001")
    yield process
    process.stop()


@pytest.fixture
def site(tmp_path: Path, redis_process: RedisProcess, running: SandboxProcess) -> Iterator[Site]:
    settings = Settings(
        data=tmp_path, redis_url=redis_process.url, mast_url=running.url, resolver_url=running.url, lease=30
    )
    running.post("requests/reset")
    woken: list[Job] = []
    api = container.for_api(settings, wake=woken.append)
    api.stores.redis.flushall()
    yield Site(settings, running, api, api.stores.users.add("alice", email="alice@example.org"), woken)
    api.stores.close()


def rows_of(site: Site, done: Job) -> list[dict[str, Any]]:
    """The rows of a search that ended well."""
    assert done.error is None
    return list(Table(rows_table(site.settings.tables, done.id)).rows())
