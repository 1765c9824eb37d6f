"""A scripted server, an empty cache, and `bring`: fetch with what a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from topmast_service.archive.transfer import Downloads
from topmast_service.staging.cache import Cache
from topmast_service.workflows.fetch import Fetched, fetch

from .scripted import URI, Script, fits_bytes, serving

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Bring:
    """Calls `fetch` on one cache and server; remembers the growth it was told and the pauses it was asked for."""

    cache: Cache
    downloads: Downloads
    root: Path
    grown: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    now: datetime = NOON

    def __call__(self, uri: str = URI, **more: Any) -> Fetched:
        given: dict[str, Any] = {
            "cache": self.cache,
            "downloads": self.downloads,
            "max_age": timedelta(days=1),
            "now": lambda: self.now,
            "stop": lambda: False,
            "on_bytes": self.grown.append,
            "pause": self.pauses.append,
        }
        return fetch(uri, **(given | more))

    def bytes_of(self, fetched: Fetched) -> bytes:
        """What the cache holds."""
        return self.cache.path(fetched.version).read_bytes()

    def leftovers(self) -> list[str]:
        """Names under parts/."""
        return sorted(path.name for path in self.root.glob("parts/*"))


@pytest.fixture(scope="session")
def body() -> bytes:
    """A FITS file of some hundred kB."""
    return fits_bytes()


@pytest.fixture
def mast(body: bytes) -> Iterator[Script]:
    """A healthy server with a strong ETag."""
    with serving(Script(body, etag='"v1"')) as script:
        yield script


@pytest.fixture
def bring(mast: Script, tmp_path: Path) -> Iterator[Bring]:
    """`fetch` on an empty cache."""
    downloads = Downloads(mast.url, connect_timeout=2, read_timeout=2)
    yield Bring(Cache(tmp_path / "cache"), downloads, tmp_path / "cache")
    downloads.close()


@pytest.fixture
def no_validators(mast: Script) -> Callable[[], None]:
    """Turn the server into one that sends neither ETag nor Last-Modified."""

    def turn() -> None:
        mast.etag = mast.last_modified = None

    return turn
