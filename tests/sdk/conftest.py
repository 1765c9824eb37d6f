"""Clients of a scripted service; nothing here sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

import topmast
from tests.sdk.scripted import KEY, FakeClock, Script, Service, serving

Serve = Callable[[Script], tuple[Service, topmast.Client, FakeClock]]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Whoever runs the tests may have a service of their own, or a proxy."""
    names = ("TOPMAST_URL", "TOPMAST_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    empty = tmp_path / "no-config"
    empty.mkdir()  # astropy, where a test is the first to load it, warns of a folder that is not there
    monkeypatch.setenv("XDG_CONFIG_HOME", str(empty))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a service with a script; its client's clock stands still unless it sleeps."""
    with ExitStack() as stack:

        def start(script: Script) -> tuple[Service, topmast.Client, FakeClock]:
            service = stack.enter_context(serving(script))
            client = stack.enter_context(topmast.Client(service.url, KEY, timeout=5))
            clock = FakeClock()
            client._session.clock = clock
            return service, client, clock

        yield start
