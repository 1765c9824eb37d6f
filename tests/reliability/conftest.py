"""A sandbox with a file for every cell of the matrix, a Redis, and an installation whose pauses are short."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess, start_redis
from tests.workflows.conftest import Site, observation, product, write_catalogue
from topmast_service import container
from topmast_service.archive.transfer import Downloads
from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.workflows import fetch, transfer

SIZE = 2880 * 80
FILES = 200
HEALTHY = 20
CONNECTIONS = 16
SILENCE = 0.4  # seconds; what a transfer bears is 30 in life


def name(number: int) -> str:
    """File name of a cell; numbers from `FILES` on are files that nothing happens to."""
    return f"jw01558001001_02101_{number:05}_mirimage_cal.fits"


def uri(number: int) -> str:
    """Its dataURI."""
    return f"mast:JWST/product/{name(number)}"


@dataclass
class Installation(Site):
    """A site that brings a bundle to its end by itself, with several transfer threads and upkeep."""

    def stage(self, numbers: Iterable[int], *, patience: float = 60.0, within: float = 60.0) -> Job:
        """Resolve, move and publish a bundle of these files, with a MAST that may be away for `patience` seconds."""
        self.settings = replace(self.settings, patience=patience)
        new = self.resolve(self.bundle({"uris": [uri(n) for n in numbers]}).id)
        until = time.monotonic() + within
        with self._moving():
            while self.job(new.id).step != "publish" and time.monotonic() < until:
                self.upkeep()
                time.sleep(0.2)
        return self.publish(new.id)

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """A transfer worker at work."""
        url = self.settings.mast_url
        downloads = Downloads(url, connections=CONNECTIONS, read_timeout=SILENCE, slow_after=SILENCE)
        moving = replace(container.for_transfer(self.settings), downloads=downloads)

        def work() -> None:
            while not moving.stopping.wait(0.05):
                moving.run()

        threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            moving.stopping.set()
            for thread in threads:
                thread.join()
            downloads.close()

    def truth(self, number: int) -> bytes:
        """What the sandbox holds under a file's name now."""
        address = f"{self.sandbox.url}/api/v0.1/Download/file?uri={quote(uri(number))}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return bytes(answer.read())


@pytest.fixture(scope="package")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """One for each test: files that were changed do not come back."""
    rows = [observation(1, "jw01558-o001_t001_miri_f1000w"), observation(2, "jw01558-o001_t001_miri_f560w")]
    files = [product(1 + n % 2, name(n), calib_level=2, size=SIZE) for n in range(FILES + HEALTHY)]
    process = start_sandbox(tmp_path, "--catalog", str(write_catalogue(tmp_path / "catalogue", rows, files)))
    yield process
    process.stop()


@pytest.fixture
def site(
    tmp_path: Path, redis_process: RedisProcess, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """The real workflows; only how long they wait is another."""
    monkeypatch.setattr(transfer, "TRIES", 1)
    monkeypatch.setattr(transfer, "LONGEST_PAUSE", 0.5)
    monkeypatch.setattr(transfer, "ALONE_PAUSE", 0.25)
    monkeypatch.setattr(fetch, "LONG_BODY", 0.3)
    settings = Settings(
        data=tmp_path / "data", redis_url=redis_process.url, mast_url=sandbox.url, resolver_url=sandbox.url,
        lease=10.0, mast_connections=CONNECTIONS, mast_timeout=1.0,
    )  # fmt: skip
    api = container.for_api(settings, wake=lambda _: None)
    api.stores.redis.flushall()
    yield Installation(settings, sandbox, api, api.stores.users.add("alice", email="alice@example.org"))
    api.stores.close()
