"""An installation over a small sandbox, whose columns are refreshed when a test says so, at a time that it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess, start_redis
from tests.workflows.conftest import Site, observation, write_catalogue
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.config import Settings
from topmast_service.domain import forms
from topmast_service.domain.columns import Column
from topmast_service.store.columns import FILE
from topmast_service.store.messages import QUERY
from topmast_service.workflows.columns import Refreshed

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@dataclass
class Place(Site):
    """A site with an API that is asked in this process."""

    key: str = ""

    @cached_property
    def app(self) -> Flask:
        return create_app(self.api)

    def client(self) -> FlaskClient:
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.key}"
        return client

    def get(self, path: str, status: int = 200) -> Any:
        """The document at `path`, which must come with this status."""
        answer = self.client().get(path)
        assert answer.status_code == status, answer.text
        return answer.json

    def refresh(self, when: datetime = NOON, *, url: str = "", everything: bool = False) -> Refreshed:
        """Ask the sandbox, or another MAST, what its columns are."""
        settings = replace(self.settings, mast_url=url or self.settings.mast_url)
        return replace(container.for_columns(settings), now=lambda: when).run(everything=everything)

    def an_hour_later(self) -> None:
        """What was done once within the hour may be done again."""
        redis = self.api.stores.redis
        redis.delete(*redis.scan_iter("*once:columns"), f"topmast-celery:{QUERY}")

    def columns(self, collection: str = "observations") -> dict[str, dict[str, Any]]:
        """The columns of a collection's form, as the API tells them."""
        return {column["name"]: column for column in self.get(f"/v1/collections/{collection}")["columns"]}


@pytest.fixture(scope="package")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    rows = [observation(1, "jw01558-o001_t001_miri_f1000w"), observation(2, "a", dataproduct_type="spectrum")]
    products = [{"obsID": 1, "parent_obsid": 1, "dataURI": "mast:JWST/product/a_i2d.fits"}]
    process = start_sandbox(folder, "--catalog", str(write_catalogue(folder / "catalogue", rows, products)))
    yield process
    process.stop()


@pytest.fixture(scope="package")
def installation(
    tmp_path_factory: pytest.TempPathFactory, redis_process: RedisProcess, sandbox: SandboxProcess
) -> Iterator[Place]:
    settings = Settings(
        data=tmp_path_factory.mktemp("data"), redis_url=redis_process.url, mast_url=sandbox.url,
        resolver_url=sandbox.url, mast_timeout=5.0,
    )  # fmt: skip
    api = container.for_api(settings, wake=lambda _: None)
    alice = api.stores.users.add("alice", email="alice@example.org")
    yield Place(settings, sandbox, api, alice, key=api.stores.keys.new("alice").secret)
    api.stores.close()


@pytest.fixture
def place(installation: Place) -> Place:
    """It, as if columns had never been refreshed."""
    installation.sandbox.post("faults", rules=[])
    installation.sandbox.post("requests/reset")
    (installation.settings.data / FILE).unlink(missing_ok=True)
    installation.an_hour_later()
    return installation


@pytest.fixture
def older(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A release that was made before MAST had ``dataproduct_type`` and ``band``, and did not know what ``t_min`` is."""
    shipped = forms.FORMS["observations"]
    columns = {name: column for name, column in shipped.columns.items() if name != "dataproduct_type"}
    columns["t_min"] = Column("t_min", "float")
    monkeypatch.setitem(forms.FORMS, "observations", replace(shipped, columns=columns))  # type: ignore[arg-type]
    shipped = forms.FORMS["instrument_keywords"]
    without = {
        part: {n: v for n, v in getattr(shipped, part).items() if n != "band"} for part in ("columns", "services")
    }
    monkeypatch.setitem(forms.FORMS, "instrument_keywords", replace(shipped, **without))  # type: ignore[arg-type]
    return place
