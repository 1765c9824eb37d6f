"""Searches on real parts: a sandbox whose rows are made for the traps of searching, a Redis, a directory.

Pauses of the Portal are fractions of a second; nothing else is different from life.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess, start_redis
from tests.workflows.conftest import Site, observation, product, write_catalogue
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.archive import patience, portal
from topmast_service.config import Settings
from topmast_service.domain.job import Job, resume
from topmast_service.store.tables import Table
from topmast_service.workflows.control import rows_table

PLANNED = "jw01558009001_xx101_00001_miri"
OBSERVATIONS = [
    observation(1, "jw01558-o001_t001_miri_f1000w", mtFlag="false", t_min=59_811.1),
    observation(2, "jw01558-o001_t001_miri_f560w", filters="F560W", instrument_name="MIRI"),
    observation(3, "jw01558-o002_t001_miri_f770w", dataRights="EXCLUSIVE_ACCESS", t_obs_release=7e4, filters="F770W"),
    observation(4, PLANNED, calib_level=-1, t_obs_release="", filters="F2550W", target_name="NGC6720-HALO"),
    observation(5, "galex-m57", obs_collection="GALEX", proposal_id="", instrument_name="GALEX", calib_level=2),
    observation(6, "jw02733-o001_t001_nircam_f150w2-f162m", target_name="NGC-3132", proposal_id="2733",
                instrument_name="NIRCAM/IMAGE", s_ra=151.755, s_dec=-40.437, filters="F150W2;F162M"),
    observation(7, "jw02733-o002_t001_nircam_clear-f090w", target_name="NGC-3132", proposal_id="2733",
                instrument_name="NIRCAM", s_ra=151.755, s_dec=-40.437, filters="F090W"),
    observation(8, "jw01373-o001_t001_nircam_clear-f212n", target_name="JUPITER-RINGS", proposal_id="1373",
                instrument_name="NIRCAM/IMAGE", s_ra="", s_dec="", mtFlag="true", filters="F212N"),
    observation(9, "jw09999001001_02101_00001_nis", target_name="VV-191", proposal_id="1176", calib_level=2,
                instrument_name="NIRISS/WFSS", s_ra=207.0, s_dec=25.0, filters="GR150R", dataRights=""),
]  # fmt: skip


@dataclass
class Asked(Site):
    """An installation, and what a test asks of it."""

    def found(self, done: Job) -> set[int]:
        """The obsids of a search's rows."""
        return {int(row["obsid"]) for row in Table(rows_table(self.settings.tables, done.id)).rows()}

    def again(self, waiting: Job) -> Job:
        """What upkeep and a worker do when a suspended search's time has come."""
        self.api.stores.jobs.change(waiting.id, resume)
        container.for_query(self.settings).searches.run(waiting.id)
        return self.job(waiting.id)

    def fault(self, fault: str, **more: Any) -> None:
        """One rule for every query of observations; see docs/sandbox.md."""
        rule = {"service": "Mast.Caom.Filtered*", "fault": fault, "counted": "all"}
        self.sandbox.post("faults", rules=[rule | more])

    def queries(self) -> int:
        """How many queries of observations MAST was sent."""
        services = self.sandbox.requests()["services"]
        return sum(number for name, number in services.items() if name.startswith("Mast.Caom.Filtered"))

    def client(self) -> FlaskClient:
        """The API, as alice."""
        client = create_app(self.api).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.api.stores.keys.new('alice').secret}"
        return client


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The rows above."""
    folder = tmp_path_factory.mktemp("sandbox")
    products = [product(1, f"jw01558-o001_t001_miri_f1000w_{suffix}.fits") for suffix in ("i2d", "segm")]
    catalogue = write_catalogue(folder / "catalogue", OBSERVATIONS, products)
    process = start_sandbox(folder, "--catalog", str(catalogue))
    process.set(hold_seconds=0.02)
    yield process
    process.stop()


@pytest.fixture(scope="session")
def whole_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The sandbox's own catalogue, with the Primer's programs."""
    process = start_sandbox(tmp_path_factory.mktemp("whole"), "--scale", "0.001")
    yield process
    process.stop()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "POLL_PAUSE", 0.02)
    monkeypatch.setattr(portal, "EMPTY_PAUSES", (0.01, 0.02))


@contextmanager
def opened(tmp_path: Path, redis: RedisProcess, sandbox: SandboxProcess) -> Iterator[Asked]:
    """An installation in `tmp_path`."""
    settings = Settings(data=tmp_path, redis_url=redis.url, mast_url=sandbox.url, resolver_url=sandbox.url)
    sandbox.post("faults", rules=[])
    sandbox.post("requests/reset")
    api = container.for_api(settings, wake=lambda _: None)
    api.stores.redis.flushall()
    yield Asked(settings, sandbox, api, api.stores.users.add("alice", email="alice@example.org"))
    api.stores.close()


@pytest.fixture
def site(tmp_path: Path, redis_process: RedisProcess, sandbox: SandboxProcess, hasty: None) -> Iterator[Asked]:
    """An installation that asks the small catalogue."""
    with opened(tmp_path, redis_process, sandbox) as found:
        yield found


@pytest.fixture
def impatient(site: Asked, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The same, waiting a second for an answer."""
    monkeypatch.setattr(patience, "SOCKET_TIMEOUT", 0.5)
    site.settings = replace(site.settings, mast_timeout=1.0)
    return site


@pytest.fixture
def primer(tmp_path: Path, redis_process: RedisProcess, whole_sandbox: SandboxProcess, hasty: None) -> Iterator[Asked]:
    """An installation that asks the whole one."""
    with opened(tmp_path, redis_process, whole_sandbox) as found:
        yield found
