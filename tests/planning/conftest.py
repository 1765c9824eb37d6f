"""Plans over the sandbox's own archive, worked by hand: nothing is moved unless a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers import SandboxProcess, start_sandbox
from tests.workflows.conftest import Site, redis_process
from topmast_service import container
from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.store.tables import Table
from topmast_service.workflows.control import products_table

__all__ = ["redis_process"]


@dataclass
class Planned:
    """A plan or bundle as it was worked out: its record, and what of its table is asked for."""

    job: Job
    table: Table

    @property
    def counts(self) -> dict[str, Any]:
        return dict(self.job.result["counts"])

    @property
    def notes(self) -> str:
        return " ".join(self.job.result["notes"])

    def rows(self, fits: str = "excluded IS NULL", *values: Any) -> list[dict[str, Any]]:
        return list(self.table.rows(fits, *values))

    def names(self, fits: str = "excluded IS NULL", *values: Any) -> set[str]:
        return {row["productFilename"] for row in self.rows(fits, *values)}

    def why(self, name: str) -> str | None:
        """Why a file came along."""
        (row,) = self.rows("productFilename = ?", name)
        found: str | None = row["needed_for"]
        return found


class Planning(Site):
    """One installation that plans."""

    def plan(self, source: dict[str, Any], **more: Any) -> Planned:
        """A dry run."""
        new = self.api.submissions.bundle(self.alice, {"from": source, "dry_run": True, **more}).job
        return self.seen(self.resolve(new.id))

    def seen(self, job: Job) -> Planned:
        assert job.result, (job.phase, job.error)
        return Planned(job, Table(products_table(self.settings.tables, job.id)))


@pytest.fixture(scope="session")
def mast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = start_sandbox(tmp_path_factory.mktemp("mast"), "--scale", "0.004")
    yield process
    process.stop()


@pytest.fixture
def site(tmp_path: Path, redis_process: Any, mast: SandboxProcess) -> Iterator[Planning]:
    settings = Settings(data=tmp_path, redis_url=redis_process.url).with_sandbox(mast.url)
    api = container.for_api(settings, wake=lambda job: None)
    api.stores.redis.flushall()
    yield Planning(settings, mast, api, api.stores.users.add("alice", email="alice@example.org"))
    api.stores.close()
