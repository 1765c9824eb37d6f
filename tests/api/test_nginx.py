"""Behind a real nginx with docs/nginx.conf: it sends the bytes, and what a client sees is what we would have sent."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import urllib3
from flask.testing import FlaskClient

from tests.api.served import ROOT, ApiProcess, start_api
from tests.api.site import FILES, I2D, Site, open_site
from tests.scripts.running import HOSTILE
from tests.servers_redis import RedisProcess
from topmast_service.embedded.certificate import Certificate, make_certificate

pytestmark = pytest.mark.clients

BOX = {**FILES, **{name: name.encode() for name in HOSTILE}}
HOPS = {"date", "server", "connection", "x-request-id", "transfer-encoding", "keep-alive", "strict-transport-security"}
"""Headers that are another's in each answer, or the proxy's own."""


@dataclass
class Nginx:
    """A running nginx, the API behind it, and a bundle of ann's."""

    url: str
    api: ApiProcess
    site: Site
    folder: Path
    bundle: str
    ca_file: str

    def ask(self, path: str, method: str = "GET", *, at: str = "", key: str | None = "ann", **headers: str) -> Any:
        """An answer of nginx, or of whom is `at`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given |= {"Authorization": f"Bearer {self.site.keys[key]}"} if key else {}
        with urllib3.PoolManager(ca_certs=self.ca_file, timeout=10, retries=False) as pool:
            return pool.request(method, (at or self.url) + path, headers=given)

    def file(self, path: str) -> str:
        """The address of a file of the box."""
        return f"/v1/bundles/{self.bundle}/files/{quote(path)}"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, redis_process: RedisProcess) -> Iterator[Nginx]:
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.fail("nginx is missing") if os.environ.get("CI") else pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    site = open_site(folder / "data", redis_process.url)
    stores = site.api.stores
    site.api = replace(site.api, stores=replace(stores, settings=replace(stores.settings, accel_prefix="/_stage")))
    api = start_api(site, folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = make_certificate(folder / "tls", ["topmast.example.org"])
    (folder / "nginx.conf").write_text(configuration(folder, api.url.removeprefix("http://"), port, made))
    process = subprocess.Popen([program, "-p", folder, "-e", folder / "start.log", "-c", folder / "nginx.conf"])
    bundle = site.bundle(files=BOX)
    yield listening(Nginx(f"https://127.0.0.1:{port}", api, site, folder, bundle.id, str(made.ca_file)), process)
    process.terminate()
    process.wait(20)
    api.stop()
    stores.close()


def configuration(folder: Path, api: str, port: int, made: Certificate) -> str:
    """docs/nginx.conf on another port than root's, around it what a distribution's nginx.conf has."""
    text = (ROOT / "docs" / "nginx.conf").read_text()
    for ours, here in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/topmast.pem": str(made.certificate),
        "/etc/ssl/private/topmast.key": str(made.private_key),
        "server 127.0.0.1:8080;": f"server {api};",
        "/srv/topmast/stage/": f"{folder}/data/stage/",
        "/var/log/nginx/": f"{folder}/",
    }.items():
        assert ours in text
        text = text.replace(ours, here)
    temporary = "".join(
        f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # pytest's folders are its user's alone
    main = f"{user}daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
    return f"{main}http {{\n{temporary}{text}}}\n"


def listening(nginx: Nginx, process: subprocess.Popen[bytes]) -> Nginx:
    """`nginx`, once it answers."""
    until = time.monotonic() + 20
    while True:
        try:
            nginx.ask("/livez")
        except urllib3.exceptions.HTTPError:
            assert process.poll() is None, (nginx.folder / "start.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return nginx


def told(answer: Any) -> dict[str, str]:
    """What an answer's headers say; that ranges are accepted, a 206 need not tell."""
    skipped = HOPS | ({"accept-ranges"} if "Content-Range" in answer.headers else set())
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in skipped}


def test_topmast_says_where_the_bytes_are_and_sends_none(nginx: Nginx) -> None:
    answer = nginx.ask(nginx.file(I2D), at=nginx.api.url)
    assert (answer.status, answer.data) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == f"/_stage/ann/{nginx.bundle}/1/{I2D}"
    assert nginx.ask(nginx.file(I2D)).headers.get("X-Accel-Redirect") is None


def test_every_file_comes_whole_whatever_its_name(nginx: Nginx) -> None:
    for path, data in BOX.items():
        answer = nginx.ask(nginx.file(path))
        assert (answer.status, answer.data) == (200, data), path


CONDITIONS: list[dict[str, str]] = [
    {},
    {"Range": "bytes=0-0"},
    {"Range": "bytes=100-"},
    {"Range": "bytes=-5"},
    {"Range": "bytes=9-9999999"},
    {"Range": "bytes=0-1,5-6"},
    {"Range": "bytes=5-", "If_Range": "ETAG"},
    {"Range": "bytes=5-", "If_Range": '"another"'},
    {"Range": "bytes=5-", "If_Range": "W/ETAG"},
    {"Range": "bytes=5-", "If_Range": "Wed, 21 Oct 2065 07:28:00 GMT"},
    {"Range": "bytes=99999999-"},
    {"If_None_Match": "ETAG"},
    {"If_None_Match": "*", "Range": "bytes=0-1"},
    {"If_None_Match": '"x"', "Range": "bytes=0-1"},
    {"If_Match": "ETAG", "Range": "bytes=0-1"},
    {"If_Match": '"another"'},
    {"If_Modified_Since": "Wed, 21 Oct 2065 07:28:00 GMT"},
    {"If_Unmodified_Since": "Wed, 21 Oct 2015 07:28:00 GMT"},
]


@pytest.fixture(scope="module")
def plain(nginx: Nginx) -> FlaskClient:
    """The same installation without nginx."""
    settings = replace(nginx.site.settings, accel_prefix="")
    api = replace(nginx.site.api, stores=replace(nginx.site.api.stores, settings=settings))
    return Site(api, nginx.site.keys).client()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", CONDITIONS, ids=str)
def test_nginx_answers_as_we_do_without_it(
    nginx: Nginx, plain: FlaskClient, headers: dict[str, str], method: str
) -> None:
    for path in (I2D, "MANIFEST.HTML"):
        address, tag = nginx.file(path), nginx.ask(nginx.file(path), "HEAD").headers["ETag"]
        given = {name.replace("_", "-"): value.replace("ETAG", tag) for name, value in headers.items()}
        ours, theirs = plain.open(address, method=method, headers=given), nginx.ask(address, method, **given)
        assert theirs.status == ours.status_code
        if ours.status_code < 300:
            assert theirs.data == ours.data
        if ours.status_code < 400:
            assert told(theirs) == told(ours)


def test_nobody_gets_in_beside_topmast(nginx: Nginx) -> None:
    for key in ("ann", None):
        for path in (f"/_stage/ann/{nginx.bundle}/1/{I2D}", "/_stage/", "/_stage/../data/secrets/link.key"):
            assert nginx.ask(path, key=key).status in {400, 404}
    assert nginx.ask(nginx.file(I2D), key=None).status == 401
    assert nginx.ask(nginx.file(I2D), key="bob").status == 404
    stage = nginx.site.settings.stage
    (stage / "ann" / nginx.bundle / "1" / "way-out").symlink_to(stage.parent)
    assert nginx.ask(nginx.file("way-out/secrets/link.key")).status == 404


def test_the_signed_door_is_served_too_and_the_log_opens_nothing(nginx: Nginx) -> None:
    body = {"path": I2D}
    key = {"Authorization": f"Bearer {nginx.site.keys['ann']}"}
    with urllib3.PoolManager(ca_certs=nginx.ca_file) as pool:
        made = pool.request("POST", f"{nginx.url}/v1/bundles/{nginx.bundle}/links", json=body, headers=key).json()
    address = urlsplit(made["url"]).path
    answer = nginx.ask(address, key=None, Range="bytes=5-")
    assert (answer.status, answer.data) == (206, BOX[I2D][5:])
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    log, signature, until = "", address.split("/")[2], time.monotonic() + 10
    while f"GET /d/{signature[:26]}*/{I2D} 206" not in log:  # written when the answer has been sent
        assert time.monotonic() < until, log
        log = (nginx.folder / "topmast.log").read_text()
    assert signature[26:] not in log


def test_a_download_that_was_cut_is_gone_on_with(nginx: Nginx, tmp_path: Path) -> None:
    tag = nginx.ask(nginx.file(I2D), "HEAD").headers["ETag"]
    (tmp_path / "part").write_bytes(BOX[I2D][:4321])
    command = ["curl", "-fsS", "-C", "-", "-o", "part", "-H", f"If-Range: {tag}", "-w", "%{http_code} %{size_download}"]
    command += [
        "--cacert",
        nginx.ca_file,
        "-H",
        f"Authorization: Bearer {nginx.site.keys['ann']}",
        nginx.url + nginx.file(I2D),
    ]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout == f"206 {len(BOX[I2D]) - 4321}"
    assert (tmp_path / "part").read_bytes() == BOX[I2D]


def test_tls_is_new_and_is_to_stay(nginx: Nginx) -> None:
    port = int(nginx.url.rpartition(":")[2])
    old = ssl.create_default_context(cafile=nginx.ca_file)
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line, pytest.raises(ssl.SSLError):
        old.wrap_socket(line, server_hostname="topmast.example.org")
    for path in ("/livez", nginx.file(I2D), "/v1/nothing"):
        assert nginx.ask(path).headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_long_list_passes_and_more_than_that_does_not(nginx: Nginx) -> None:
    key = {"Authorization": f"Bearer {nginx.site.keys['ann']}", "Content-Type": "application/json"}
    with urllib3.PoolManager(ca_certs=nginx.ca_file, retries=False) as pool:
        for size, status in ((9_000_000, 400), (11_000_000, 413)):
            answer = pool.request("POST", f"{nginx.url}/v1/searches", body=b"[" * size, headers=key)
            assert answer.status == status
