"""Two users on a program, one who is not; a sandbox whose rights, grants and tokens change while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.access.people import OBSERVATIONS, PRODUCTS, Group, grant, open_group
from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess, start_redis
from tests.workflows.conftest import write_catalogue


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    process = start_sandbox(folder, "--catalog", str(write_catalogue(folder / "catalogue", OBSERVATIONS, PRODUCTS)))
    yield process
    process.stop()


@pytest.fixture
def mast(sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """As it was at the start, after whatever a test did to it."""
    grant(sandbox)
    yield sandbox
    sandbox.delete("rights")
    sandbox.set(released_still_401=[], exclusive_still_200=[])
    sandbox.post("faults", rules=[])


@pytest.fixture
def group(tmp_path: Path, redis_process: RedisProcess, mast: SandboxProcess) -> Iterator[Group]:
    """Alice and Dave are on the program and have stored their tokens; Bob has stored one that opens nothing."""
    with open_group(tmp_path, redis_process, mast) as made:
        for name in ("alice", "bob", "dave"):
            made.store_token(name)
        yield made
