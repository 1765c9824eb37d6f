"""The HTTP lines that the e-mail prints, run as they stand against a server with the contract's paths."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from notify_cases import ACCEPTED, ALICE, ENDPOINTS, completed

from topmast_service.notify.compose import Endpoints, acknowledged, ready

pytestmark = pytest.mark.clients

FILES = {
    "JWST/jw01558/jw01558_i2d.fits": bytes(range(256)) * 500,
    "JWST/jw01558/jw01558_{1}[2]+_asn.json": b"{}\n",
    "JWST/jw01559/jw01559_i2d.fits": b"SIMPLE",
}
SUMS = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in FILES.items()).encode()
BOX = FILES | {"sha256sums.txt": SUMS, "MANIFEST.HTML": b"<html>\n"}


class Service(BaseHTTPRequestHandler):
    """Three routes of the contract, for whoever has the key."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        name = self.path.removeprefix("/v1/bundles/b_abc/files/")
        self.answer(b'{"id": "b_abc"}' if self.path == "/v1/jobs/b_abc" else BOX.get(name))

    def do_POST(self) -> None:
        self.answer(b"{}" if self.path == "/v1/jobs/b_abc/abort" else None)

    def answer(self, body: bytes | None) -> None:
        self.asked.append(f"{self.command} {self.path}")
        allowed = self.headers["Authorization"] == "Bearer key-of-alice"
        self.send_response((200 if body is not None else 404) if allowed else 401)
        self.send_header("Content-Length", str(len(body or b"") if allowed else 0))
        self.end_headers()
        self.wfile.write((body or b"") if allowed else b"")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the standard library's name
        """Silence."""


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def endpoints(asked: list[str]) -> Iterator[Endpoints]:
    if shutil.which("curl") is None:
        pytest.fail("curl is missing") if os.environ.get("CI") else pytest.skip("curl is not installed")
    with ThreadingHTTPServer(("127.0.0.1", 0), type("AskedService", (Service,), {"asked": asked})) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield replace(ENDPOINTS, url=f"http://127.0.0.1:{server.server_port}/", ftps_host=None)
        server.shutdown()
        thread.join()


def block_after(body: str, heading: str) -> str:
    found = body.partition(f"{heading}\n\n")[2].partition("\n\n")[0]
    assert found.startswith("    ")
    return "\n".join(line.removeprefix("    ") for line in found.splitlines())


def run(line: str, folder: Path, key: str = "key-of-alice") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TOPMAST_API_KEY": key}
    command = ["bash", "-c", line]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=60)


def test_the_printed_lines_fetch_the_box_and_check_it(endpoints: Endpoints, tmp_path: Path) -> None:
    body = ready(completed(), endpoints, ALICE, []).get_content()
    done = run(block_after(body, "  curl, over HTTP:"), tmp_path)
    assert done.returncode == 0, done.stderr
    box = tmp_path / "b_abc"
    assert {str(p.relative_to(box)): p.read_bytes() for p in box.rglob("*") if p.is_file()} == BOX
    check = block_after(body, "How to check what arrived:")
    assert run(check, tmp_path).returncode == 0
    (box / "JWST/jw01559/jw01559_i2d.fits").write_bytes(b"SIMPLF")
    assert run(check, tmp_path).returncode != 0


def test_a_wrong_key_leaves_nothing_behind(endpoints: Endpoints, tmp_path: Path) -> None:
    line = block_after(ready(completed(), endpoints, ALICE, []).get_content(), "  curl, over HTTP:")
    done = run(line, tmp_path, key="a-wrong-key")
    assert done.returncode != 0
    assert "401" in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_lines_to_look_and_to_stop(endpoints: Endpoints, tmp_path: Path, asked: list[str]) -> None:
    body = acknowledged(ACCEPTED, endpoints, ALICE).get_content()
    look = run(block_after(body, "Look at it (bash; TOPMAST_API_KEY holds your API key):"), tmp_path)
    assert look.stdout == '{"id": "b_abc"}'
    assert run(block_after(body, "Stop it:"), tmp_path).returncode == 0
    assert asked == ["GET /v1/jobs/b_abc", "POST /v1/jobs/b_abc/abort"]
