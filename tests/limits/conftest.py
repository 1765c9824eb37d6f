"""The API over a real Redis, with limits of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api.site import Site, emptied
from tests.servers_redis import RedisProcess, start_redis

OpenSite = Callable[..., Site]


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture
def limited(tmp_path: Path, redis_process: RedisProcess) -> Iterator[OpenSite]:
    """Open a site with these settings."""
    with ExitStack() as stack:

        def open_one(**limits: Any) -> Site:
            return stack.enter_context(emptied(tmp_path / "data", redis_process.url, **limits))

        yield open_one
