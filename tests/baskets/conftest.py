"""Baskets over a real Redis, a sandbox and a directory; searches are run by hand, as workers would.

M 57's own catalogue is the sandbox's (``shop``); a small one has the traps (``stall``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import client, redis_process, site
from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess
from tests.workflows.conftest import PRODUCTS, Site, product, write_catalogue
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.store.tables import Table
from topmast_service.workflows.control import rows_table

__all__ = ["client", "redis_process", "site"]

M57 = "jw01558-o001_t001_miri_f1000w"
GALEX = [
    product(5, "m57-nd-int.fits", obs_collection="GALEX", dataURI="mast:GALEX/url/data/m57-nd-int.fits",
            obs_id="galex-m57", productSubGroupDescription="Imaging Only"),
    product(5, "m57-xd-mcat.fits", obs_collection="GALEX", dataURI="mast:GALEX/url/data/m57-xd-mcat.fits",
            obs_id="galex-m57", productGroupDescription="", productType="AUXILIARY"),
]  # fmt: skip


class Shop(Site):
    """An installation, and what a test asks of its baskets."""

    def ran(self, job_id: str) -> Job:
        """A search that MAST was asked for, run."""
        container.for_query(self.settings).searches.run(job_id)
        return self.job(job_id)

    def client(self, user: str = "alice") -> FlaskClient:
        """The API, as this user."""
        self.api.stores.users.add(user)
        client = create_app(self.api).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.api.stores.keys.new(user).secret}"
        return client

    def basket(self, *sources: dict[str, Any], name: str = "m57") -> str:
        """A basket with all this in it, and its id."""
        made, _ = self.api.baskets.create("alice", name)
        for source in sources:
            self.put(made.id, source)
        return made.id

    def put(self, basket_id: str, source: dict[str, Any], where: tuple[str, ...] = ()) -> Any:
        """Put something in; the change, or the finished job."""
        made = self.api.additions.add(self.alice, basket_id, source, where)
        return self.ran(made.job.id) if hasattr(made, "job") else made

    def again(self, listed: Job, name: str) -> str:
        """Another basket with what a search found for one, and its id."""
        made, _ = self.api.baskets.create("alice", name)
        rows = Table(rows_table(self.settings.tables, listed.id)).rows()
        self.api.baskets.add("alice", made.id, listed.id, rows, named=False)
        return made.id

    def items(self, basket_id: str) -> dict[str, dict[str, Any]]:
        """What is in it, by file name."""
        return {row["productFilename"]: row for row in self.api.baskets.table("alice", basket_id).rows()}

    def ticked(self, basket_id: str) -> set[str]:
        """Names of the ticked files."""
        return {str(row["productFilename"]) for row in self.api.baskets.ticked("alice", basket_id)}


@contextmanager
def opened(folder: Path, redis: RedisProcess, sandbox: SandboxProcess, **more: Any) -> Iterator[Shop]:
    """An installation in `folder`."""
    settings = Settings(data=folder, redis_url=redis.url, mast_url=sandbox.url, resolver_url=sandbox.url, **more)
    woken: list[Job] = []
    api = container.for_api(settings, wake=woken.append)
    api.stores.redis.flushall()
    yield Shop(settings, sandbox, api, api.stores.users.add("alice"), woken)
    api.stores.close()


@pytest.fixture(scope="session")
def small_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("small")
    process = start_sandbox(
        folder, "--catalog", str(write_catalogue(folder / "catalogue", products=[*PRODUCTS, *GALEX]))
    )
    yield process
    process.stop()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = start_sandbox(tmp_path_factory.mktemp("whole"), "--scale", "0.001")
    yield process
    process.stop()


@pytest.fixture
def stall(tmp_path: Path, redis_process: RedisProcess, small_sandbox: SandboxProcess) -> Iterator[Shop]:
    with opened(tmp_path, redis_process, small_sandbox) as found:
        yield found


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, redis_process: RedisProcess, sandbox: SandboxProcess
) -> Iterator[Shop]:
    with opened(tmp_path_factory.mktemp("shop"), redis_process, sandbox) as found:
        yield found
