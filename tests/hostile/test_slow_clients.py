"""Clients that take their time, against a real gunicorn: they lose their place, others are served."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3

from tests.api.served import ApiProcess, start_api
from tests.api.site import OBSERVATION_FOLDER, Site
from topmast_service.embedded.certificate import Certificate, make_certificate

HASTY = """\
from topmast_service.api import gunicorn_settings
gunicorn_settings.READ_WITHIN = gunicorn_settings.SEND_TIMEOUT = 1
from topmast_service.api.gunicorn_settings import *
"""
BIG = f"{OBSERVATION_FOLDER}/big.fits"
HUNG_UP = "its request did not come to an end in time"
THREADS = 8


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path / "tls", ["127.0.0.1"])


@pytest.fixture(params=["plain", "tls"])
def server(
    request: pytest.FixtureRequest, site: Site, tmp_path: Path, certificate: Certificate
) -> Iterator[ApiProcess]:
    """The API that has no patience, with and without TLS of its own."""
    config = tmp_path / "hasty.py"
    config.write_text(HASTY)
    files = [f"--certfile={certificate.certificate}", f"--keyfile={certificate.private_key}"]
    started = start_api(site, tmp_path, str(config), files if request.param == "tls" else [])
    if request.param == "tls":
        started = replace(started, url=started.url.replace("http:", "https:"))
    yield started
    started.stop()


def connected(server: ApiProcess, certificate: Certificate) -> socket.socket:
    """A connection that has said nothing yet."""
    line = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20)
    if server.url.startswith("https:"):
        context = ssl.create_default_context(cafile=str(certificate.ca_file))
        line = context.wrap_socket(line, server_hostname="127.0.0.1")
    return line


def alive(server: ApiProcess, certificate: Certificate) -> bool:
    with urllib3.PoolManager(ca_certs=str(certificate.ca_file), retries=False, timeout=20) as pool:
        return pool.request("GET", f"{server.url}/livez").status == 200


def drip(lines: list[tuple[socket.socket, bytes]], over: threading.Event) -> None:
    """Send a few bytes on each line now and then."""
    while not over.wait(0.1):
        for line, drop in lines:
            with suppress(OSError):
                line.sendall(drop)


HEADERS = "POST /v1/searches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
STARTS: dict[str, tuple[str, bytes]] = {
    "a request line": ("GE", b"T"),
    "headers": (HEADERS + "X-Slow: ", b"x"),
    "a body": (HEADERS + "Content-Length: 100000\r\n\r\n{{", b" "),
    "a body in chunks": (HEADERS + "Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


def test_requests_that_drip_are_cut_while_others_are_served(
    server: ApiProcess, certificate: Certificate, site: Site
) -> None:
    over = threading.Event()
    lines: list[tuple[socket.socket, bytes]] = []
    with ExitStack() as stack:
        for _ in range(THREADS // 2):
            for start, drop in STARTS.values():
                lines.append((stack.enter_context(connected(server, certificate)), drop))
                lines[-1][0].sendall(start.format(key=site.keys["ann"]).encode())
        thread = threading.Thread(target=drip, args=(lines, over))
        thread.start()
        stack.callback(thread.join)
        stack.callback(over.set)
        assert alive(server, certificate)
        assert all(hung_up(line) for line, _ in lines)
        assert alive(server, certificate)
    assert server.log.read_text().count(HUNG_UP) == len(lines)


def hung_up(line: socket.socket) -> bool:
    """Read until the server has hung up; the socket's timeout tells if it never does."""
    try:
        while line.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def test_a_handshake_that_never_ends_is_cut(server: ApiProcess, certificate: Certificate) -> None:
    """Bytes that are no TLS, and TLS's first bytes and no more."""
    port = int(server.url.rpartition(":")[2])
    with ExitStack() as stack:
        lines = []
        for _ in range(2 * THREADS):
            lines.append(stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)))
            lines[-1].sendall(b"\x16\x03\x01\x40\x00")
        assert alive(server, certificate)
        assert all(map(hung_up, lines))
    assert alive(server, certificate)


def test_whoever_has_said_all_may_be_answered_slowly(server: ApiProcess, certificate: Certificate, site: Site) -> None:
    """A long poll, and a wait for a job, last longer than a request may take to come."""
    job = site.search("EXECUTING")
    key = {"Authorization": f"Bearer {site.keys['ann']}"}
    with urllib3.PoolManager(ca_certs=str(certificate.ca_file), retries=False, timeout=20) as pool:
        begun = time.monotonic()
        assert pool.request("GET", f"{server.url}/v1/jobs/{job.id}?wait=3", headers=key).status == 200
        answer = pool.request("POST", f"{server.url}/v1/jobs/{job.id}/hold", headers=key, body=b"{}")
        assert (answer.status, answer.json()["phase"]) == (202, "HELD")
        assert time.monotonic() - begun >= 3  # else nothing was shown


def test_readers_that_stall_under_tls_lose_their_places_too(
    server: ApiProcess, certificate: Certificate, site: Site
) -> None:
    path = f"/v1/bundles/{site.bundle(files={BIG: bytes(30_000_000)}).id}/files/{BIG}"
    ask = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {site.keys['ann']}\r\n\r\n".encode()
    key = {"Authorization": f"Bearer {site.keys['ann']}"}
    with ExitStack() as stack, urllib3.PoolManager(ca_certs=str(certificate.ca_file), retries=False) as pool:
        for _ in range(THREADS // 2):
            stack.enter_context(connected(server, certificate)).sendall(ask)
        until, seen = time.monotonic() + 20, 503
        while seen == 503 and time.monotonic() < until:
            assert alive(server, certificate)
            seen = pool.request("GET", server.url + path, headers={**key, "Range": "bytes=0-0"}).status
        assert seen == 206


SIZES: dict[str, bytes] = {
    "a long line": b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long header": b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 10_000 + b"\r\n\r\n",
    "many headers": b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"X-Many: y\r\n" * 60 + b"\r\n",
    "a header without end": b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 600_000,
}


def test_requests_have_a_size(server: ApiProcess, certificate: Certificate, site: Site) -> None:
    for kind, request in SIZES.items():
        with connected(server, certificate) as line:
            assert said(line, request)[:12] in {b"", b"HTTP/1.1 400", b"HTTP/1.1 414", b"HTTP/1.1 431"}, kind
    with connected(server, certificate) as line:
        too_large = (HEADERS + "Content-Length: 99999999999\r\n\r\n").format(key=site.keys["ann"]).encode()
        assert said(line, too_large).startswith(b"HTTP/1.1 413")
    assert alive(server, certificate)


def said(line: socket.socket, request: bytes) -> bytes:
    """The beginning of the answer; nothing, if the server hung up while the request was still being sent."""
    try:
        line.sendall(request)
        return line.recv(100)
    except (ConnectionError, ssl.SSLError):
        return b""
