"""Engineering searches and bundles on real parts: a sandbox whose tokens live and die, a real Redis, a directory."""

from __future__ import annotations

import csv
import io
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess, start_redis
from tests.workflows.conftest import Site, write_catalogue
from topmast_service import container
from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.store.tables import Table
from topmast_service.workflows.control import rows_table

ALICE = "a11ce0000000000000000000000a11ce"  # docs/sandbox.md
CAROL = "ca501000000000000000000000ca5010"  # lacks the scope

Faults = Callable[..., None]
Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def redis_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the append-only file is: whatever is written to Redis can be found there."""
    return tmp_path_factory.mktemp("redis")


@pytest.fixture(scope="session")
def redis_process(redis_folder: Path) -> Iterator[RedisProcess]:
    process = start_redis(redis_folder, aof=True)
    yield process
    process.stop()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    process = start_sandbox(folder, "--catalog", str(write_catalogue(folder / "catalogue")))
    yield process
    process.stop()


@pytest.fixture
def site(tmp_path: Path, redis_process: RedisProcess, sandbox: SandboxProcess) -> Iterator[Site]:
    """Alice has stored no token yet."""
    settings = Settings(
        data=tmp_path, redis_url=redis_process.url, mast_url=sandbox.url, resolver_url=sandbox.url, lease=30
    )
    sandbox.post("requests/reset")
    woken: list[Job] = []
    api = container.for_api(settings, wake=woken.append)
    api.stores.redis.flushall()
    yield Site(settings, sandbox, api, api.stores.users.add("alice", email="alice@example.org"), woken)
    api.stores.close()


@pytest.fixture
def mint(sandbox: SandboxProcess) -> Callable[..., str]:
    """Makes a new token at MAST."""

    def make(**more: Any) -> str:
        return str(sandbox.post("tokens", user="alice", **more)["token"])

    return make


@pytest.fixture
def entitled(site: Site) -> Site:
    """The same, and Alice has."""
    site.api.mast_tokens.put("alice", ALICE)
    return site


@pytest.fixture
def faults(sandbox: SandboxProcess) -> Iterator[Faults]:
    """Lets a fault happen to telemetry files; forgotten afterwards."""
    yield lambda **rule: sandbox.post("faults", uri="mast:jwstedb/*", **rule)
    sandbox.post("faults", rules=[])


def search(site: Site, **criteria: Any) -> Job:
    """A search of engineering data, run once."""
    return site.search(collection="engineering", criteria=criteria)


def again(site: Site, waiting: Job) -> Job:
    """The same search, run once more."""
    container.for_query(site.settings).searches.run(waiting.id)
    return site.job(waiting.id)


def rows_of(site: Site, done: Job) -> Rows:
    """The rows of a search that ended well."""
    assert done.error is None
    return list(Table(rows_table(site.settings.tables, done.id)).rows())


def from_mast(site: Site, uri: str) -> Rows:
    """A telemetry file as MAST sends it, asked for directly."""
    request = urllib.request.Request(
        f"{site.settings.mast_url}/api/v0.1/Download/file?uri={uri}", headers={"Authorization": f"token {ALICE}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return list(csv.DictReader(io.StringIO(answer.read().decode())))
