"""Programs, DOIs and citations on real parts: the sandbox's own catalogue, a real Redis, a directory; no Celery."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess, start_redis
from topmast_service import container
from topmast_service.archive import missions, patience, portal
from topmast_service.config import LOOPBACK, Settings
from topmast_service.domain.job import Job
from topmast_service.store.tables import Table
from topmast_service.store.users import User
from topmast_service.workflows.control import rows_table

Rows = list[dict[str, Any]]


@dataclass
class Site:
    """One installation, worked by hand."""

    settings: Settings
    sandbox: SandboxProcess
    api: container.Api
    alice: User

    def search(self, collection: str, **body: Any) -> Job:
        """Submit a search and run it."""
        new = self.api.submissions.search(self.alice, {"collection": collection, **body}).job
        container.for_query(self.settings).searches.run(new.id)
        return self.api.stores.jobs.get(new.id)

    def rows(self, done: Job) -> Rows:
        """What it found."""
        return list(Table(rows_table(self.settings.tables, done.id)).rows())


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = start_sandbox(tmp_path_factory.mktemp("sandbox"), "--scale", "0.01")
    yield process
    process.stop()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses before an empty answer is asked for again in hundredths of a second; how often stays as it is."""
    pauses = tuple(pause / 50 for pause in portal.EMPTY_PAUSES)
    monkeypatch.setattr(portal, "EMPTY_PAUSES", pauses)
    monkeypatch.setattr(missions, "EMPTY_PAUSES", pauses)
    monkeypatch.setattr(patience, "POLL_PAUSE", 0.01)


@pytest.fixture
def site(tmp_path: Path, redis_process: RedisProcess, sandbox: SandboxProcess) -> Iterator[Site]:
    settings = Settings(
        data=tmp_path, redis_url=redis_process.url, mast_url=sandbox.url, resolver_url=sandbox.url,
        datacite_url=sandbox.url, outgoing_allow=LOOPBACK,
    )  # fmt: skip
    sandbox.post("requests/reset")
    sandbox.post("faults", rules=[])
    api = container.for_api(settings, wake=lambda job: None)
    api.stores.redis.flushall()
    yield Site(settings, sandbox, api, api.stores.users.add("alice", email="alice@example.org"))
    api.stores.close()
