"""MANIFEST.HTML as the API serves it: under the policy of its header it sorts, and its pictures are found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import redis_process, site  # noqa: F401 - fixtures
from tests.api.served import start_api
from tests.api.site import I2D, Site
from tests.page.browser import Browser
from tests.page.conftest import PIXEL
from tests.page.test_page import names, press_head, until

pytestmark = pytest.mark.clients


@pytest.fixture
def direct(tmp_path: Path) -> Iterator[Browser]:
    """A browser that may ask loopback."""
    with Browser(tmp_path) as started:
        yield started


def test_the_page_is_at_home_in_its_box(direct: Browser, site: Site, tmp_path: Path) -> None:  # noqa: F811
    bundle = site.bundle(files={I2D: b"bytes", I2D.replace(".fits", ".png"): PIXEL})
    server = start_api(site, tmp_path)
    try:
        key = {"Authorization": f"Bearer {site.keys['ann']}"}
        page = direct.open(f"{server.url}/v1/bundles/{bundle.id}/manifest?format=html", headers=key)
        assert page.run("location.pathname") == f"/v1/bundles/{bundle.id}/files/MANIFEST.HTML"
        until(page, "Array.from(document.querySelectorAll('.pic img')).every(image => image.naturalWidth === 1)")
        assert press_head(page, "Size") == "ascending"
        assert names(page) == [I2D.rpartition("/")[2], I2D.rpartition("/")[2].replace(".fits", ".png")]
        said = [e["params"]["entry"] for e in direct.events if e.get("method") == "Log.entryAdded"]
        assert [entry for entry in said if not entry.get("url", "").endswith("/favicon.ico")] == []
        # what the policy allows is its script and pictures; it may ask for nothing else
        assert page.run("fetch('manifest.json').catch(error => error.name)") == "TypeError"
    finally:
        server.stop()
