"""Workflows on real parts: a sandbox with a small catalogue of its own, a real Redis, a directory; no Celery.

The tests call what tasks would call, so that each step can be looked at, repeated, or left undone.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess, start_redis
from topmast_service import container
from topmast_service.config import LOOPBACK, Settings
from topmast_service.domain.job import Job
from topmast_service.store.users import User

FITS = 2880 * 20
LEASE = 2.0


def observation(obsid: int, obs_id: str, **more: Any) -> dict[str, Any]:
    """A row of observations.csv near M 57."""
    row = {
        "obsid": obsid, "obs_id": obs_id, "obs_collection": "JWST", "instrument_name": "MIRI/IMAGE", "calib_level": 3,
        "target_name": "NGC6720", "s_ra": 283.396, "s_dec": 33.029, "dataRights": "PUBLIC", "t_obs_release": 59000.0,
        "proposal_id": "1558", "dataproduct_type": "image", "filters": "F1000W",
    }  # fmt: skip
    return row | more


def product(parent: int, name: str, **more: Any) -> dict[str, Any]:
    """A row of products.csv."""
    suffix = name.rpartition(".")[0].rpartition("_")[2].upper()
    row = {
        "parent_obsid": parent, "obsID": parent, "dataURI": f"mast:JWST/product/{name}", "productFilename": name,
        "obs_id": name.rpartition("_")[0], "obs_collection": "JWST", "productType": "SCIENCE", "size": FITS,
        "productSubGroupDescription": suffix, "calib_level": 3, "dataRights": "PUBLIC", "type": "D",
        "productGroupDescription": "Minimum Recommended Products",
    }  # fmt: skip
    return row | more


OBSERVATIONS = [
    observation(1, "jw01558-o001_t001_miri_f1000w"),
    observation(2, "jw01558-o001_t001_miri_f560w", filters="F560W", instrument_name="MIRI"),
    observation(3, "jw01558-o002_t001_miri_f770w", dataRights="EXCLUSIVE_ACCESS", t_obs_release=7e4, filters="F770W"),
    observation(4, "jw01558009001_xx101_00001_miri", calib_level=-1, t_obs_release=""),
    observation(5, "galex-m57", obs_collection="GALEX", proposal_id="", instrument_name="GALEX"),
    observation(6, "jw02733-o001_t001_nircam_clear-f090w", target_name="NGC-3132", proposal_id="2733",
                instrument_name="NIRCAM/IMAGE", s_ra=151.755, s_dec=-40.437, filters="F090W"),
]  # fmt: skip
PRODUCTS = [
    product(1, "jw01558-o001_t001_miri_f1000w_i2d.fits"),
    product(1, "jw01558001001_02101_00001_mirimage_cal.fits", calib_level=2, productGroupDescription=""),
    product(1, "jw01558001001_02101_00001_mirimage_uncal.fits", calib_level=1, productGroupDescription=""),
    product(1, "jw01558001001_gs-acq1_2022190112233_uncal.fits", productType="AUXILIARY", calib_level=1,
            productSubGroupDescription="GS-ACQ1", productGroupDescription=""),
    product(2, "jw01558-o001_t001_miri_f560w_i2d.fits"),
    product(2, "jw01558001001_02101_00001_mirimage_cal.fits", calib_level=2, productGroupDescription=""),
    product(3, "jw01558-o002_t001_miri_f770w_i2d.fits", dataRights="EXCLUSIVE_ACCESS"),
    *(product(6, f"jw02733-o001_t001_nircam_clear-f090w_{n:02}_i2d.fits") for n in range(40)),
]  # fmt: skip


Rows = list[dict[str, Any]]


def write_catalogue(folder: Path, observations: Rows = OBSERVATIONS, products: Rows = PRODUCTS) -> Path:
    """observations.csv and products.csv in `folder`."""
    folder.mkdir()
    for name, rows in (("observations", observations), ("products", products)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
    return folder


@dataclass
class Site:
    """One installation, worked by hand: `woken` are the jobs whose steps were called for."""

    settings: Settings
    sandbox: SandboxProcess
    api: container.Api
    alice: User
    woken: list[Job] = field(default_factory=list)

    def job(self, job_id: str) -> Job:
        """The record as it is."""
        return self.api.stores.jobs.get(job_id)

    def search(self, **body: Any) -> Job:
        """Submit a search and run it."""
        new = self.api.submissions.search(self.alice, body).job
        container.for_query(self.settings).searches.run(new.id)
        return self.job(new.id)

    def bundle(self, source: dict[str, Any], **more: Any) -> Job:
        """Submit a bundle; nothing is done yet."""
        return self.api.submissions.bundle(self.alice, {"from": source, **more}).job

    def resolve(self, job_id: str) -> Job:
        """Steps 1 to 3."""
        query = container.for_query(self.settings)
        query.bundles.resolve(job_id, query.planner)
        return self.job(job_id)

    def transfer(self) -> None:
        """Step 4, in one thread."""
        container.for_transfer(self.settings).run()

    def publish(self, job_id: str) -> Job:
        """Step 5."""
        container.for_query(self.settings).bundles.publish(job_id)
        return self.job(job_id)

    def run(self, source: dict[str, Any], **more: Any) -> Job:
        """A bundle from start to end."""
        new = self.bundle(source, **more)
        self.resolve(new.id)
        self.transfer()
        return self.publish(new.id)

    def upkeep(self) -> None:
        """One round."""
        container.for_upkeep(self.settings).round()

    def rows(self, job: Job) -> dict[str, dict[str, Any]]:
        """The manifest rows by file name."""
        from topmast_service.store.tables import Table
        from topmast_service.workflows.control import manifest_table

        table = Table(manifest_table(self.settings.tables, job.id, job.revision or 0))
        return {row["productFilename"]: row for row in table.rows()}


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    time.sleep(LEASE + 1)  # a Redis that has just begun: upkeep gives every lease its whole time first
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
    settings = Settings(
        data=tmp_path,
        redis_url=redis_process.url,
        mast_url=sandbox.url,
        resolver_url=sandbox.url,
        crds_url=sandbox.url,
        outgoing_allow=LOOPBACK,
        lease=LEASE,
    )
    sandbox.post("requests/reset")
    woken: list[Job] = []
    api = container.for_api(settings, wake=woken.append)
    api.stores.redis.flushall()
    yield Site(settings, sandbox, api, api.stores.users.add("alice", email="alice@example.org"), woken)
    api.stores.close()


@pytest.fixture
def dead_mast(site: Site) -> Site:
    """The same installation, whose MAST does not answer."""
    nowhere = "http://127.0.0.1:9"
    site.settings = replace(site.settings, mast_url=nowhere, resolver_url=nowhere)
    return site
