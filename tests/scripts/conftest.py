"""A box served by gunicorn, and one made of a sandbox's files; and the clients that fetch them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.api.served import ApiProcess, start_api
from tests.api.site import Site, open_site
from tests.scripts.running import FILES, Box
from tests.servers_redis import start_redis

Need = Callable[[str], None]


@pytest.fixture(scope="session")
def tool() -> Need:
    """Skip where a client is not installed; never in CI."""

    def need(name: str) -> None:
        if shutil.which(name) is None:
            pytest.fail(f"{name} is missing") if os.environ.get("CI") else pytest.skip(f"{name} is not installed")

    return need


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One installation for all tests here: each makes bundles of its own."""
    redis = start_redis(tmp_path_factory.mktemp("redis"))
    opened = open_site(tmp_path_factory.mktemp("site") / "data", redis.url)
    yield opened
    opened.api.stores.close()
    redis.stop()


@pytest.fixture(scope="session")
def server(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    process = start_api(site, tmp_path_factory.mktemp("server"))
    yield process
    process.stop()


@pytest.fixture
def box(site: Site, server: ApiProcess, tmp_path: Path, tool: Need) -> Box:
    """A bundle of ann's with names that a shell would act on."""
    tool("curl")
    bundle = site.bundle(files=FILES)
    here = site.api.stores.trees.path("ann", bundle.id, 1)
    return Box(bundle.id, here, server.url, site.keys["ann"], tmp_path / "elsewhere")
