"""One Chromium for all pages, whose every way out is a proxy that writes down what it is asked."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.page.browser import Browser
from tests.staging.test_manifest_files import FACTS, ROW
from topmast_service.domain.manifest import FAILED, WITHHELD, ManifestRow
from topmast_service.domain.safe_names import safe_path
from topmast_service.staging.manifest_files import write_manifest

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccfc0500f0005"
    "010101a2b5d4b30000000049454e44ae426082"
)
"""A PNG of one pixel."""

HOSTILE = [
    "<script>window.hurt = 1</script>",
    "</script><img src=x onerror='window.hurt=2'>",
    "\" onmouseover='window.hurt=3'.fits",
    "two\nlines\r\u2028\u202egnp.stif",
    "&lt;b&gt; $whole {status} %s.fits",
    "\ud83d\ude00 \x1b[31m\x00.fits",
]


ITS_OWN = re.compile(rb"[A-Z]+ (http://)?[a-z0-9.-]+\.(google|googleapis|gvt1)\.com[:/]")
"""Chromium asks its maker for the time and for updates, whatever it is told and whatever page is open."""


class Ways:
    """What went out: the first bytes of every connection that the browser did not make for itself."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        ways = self

        class Written(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                asked = self.request.recv(400)
                ways.seen += [] if ITS_OWN.match(asked) else [asked]

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Written)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def flag(self) -> str:
        return f"--proxy-server=http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture(scope="session")
def ways() -> Iterator[Ways]:
    found = Ways()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory, ways: Ways) -> Iterator[Browser]:
    # loopback is no exception: `<-loopback>` takes it out of those that need no proxy
    with Browser(tmp_path_factory.mktemp("chromium"), ways.flag, "--proxy-bypass-list=<-loopback>") as started:
        yield started


def product(number: int, name: str, **more: object) -> ManifestRow:
    """A delivered file of this name and of `number` bytes."""
    path = safe_path("JWST", "jw01558-o001 #1", name)
    row = replace(ROW, dataURI=f"mast:JWST/product/{name}", productFilename=name, path=path, size=number)
    return replace(row, sha256=f"{number:064x}", **more)  # type: ignore[arg-type]


def written(folder: Path, rows: list[ManifestRow]) -> Path:
    """The page of a box with these rows; the pictures among them are there."""
    for row in rows:
        if row.path.endswith((".png", ".jpg")):
            (folder / row.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / row.path).write_bytes(PIXEL)
    write_manifest(folder, FACTS, rows)
    return folder / "MANIFEST.HTML"


@pytest.fixture(scope="session")
def page_of_a_box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with two previews, what failed, what is withheld, and names that are meant to hurt."""
    preview = {"productType": "PREVIEW", "productSubGroupDescription": ""}
    rows = [
        product(2000, "b_i2d.fits"),
        product(100, "b_i2d.png", **preview),
        product(30, "a_cal.fits", productSubGroupDescription="CAL", calib_level=2, source="cached", reason="cached"),
        product(20, "a_cal.png", **preview),
        product(1, "lost_cal.fits", status=FAILED, reason="missing_on_server", source=""),
        product(2, "mine_i2d.fits", status=WITHHELD, reason="not_authorized until 2027-03-01", source=""),
        *(product(7 + n, name, description=name, obs_id=name) for n, name in enumerate(HOSTILE)),
    ]
    return written(tmp_path_factory.mktemp("box"), rows)


@pytest.fixture(scope="session")
def page_of_many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box of 3,000 files, the last of which is as hostile as can be."""
    rows = [product(n, f"file{n}_cal.fits") for n in range(1, 3000)]
    return written(tmp_path_factory.mktemp("many"), [*rows, product(9999, HOSTILE[1], description=HOSTILE[0])])
