"""The FTPS lines that the e-mail prints, run as they stand, with lftp, wget and curl."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ftps_site import FILES, I2D, Site, read_box

from topmast_service.domain.job import COMPLETED, Job
from topmast_service.notify.compose import Endpoints, ready

SUMS = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in FILES.items()).encode()
BOX = FILES | {"sha256sums.txt": SUMS}
CLIENTS = ["lftp", "wget", "curl"]

pytestmark = pytest.mark.clients


@pytest.fixture
def boxed(site: Site) -> Site:
    site.publish("alice", "b_abc", BOX)
    return site


def printed_lines(site: Site, ca_file: Path) -> dict[str, str]:
    """The mail's command lines by client: what stands indented by four under "  <client>, over FTPS:"."""
    now = datetime(2027, 3, 1, tzinfo=UTC)
    job = Job("b_abc", "bundle", "alice", {}, now, now, phase=COMPLETED, outcome="complete", revision=1)
    endpoints = Endpoints("http://127.0.0.1:1", "127.0.0.1", site.port, str(ca_file), "topmast@example.org")
    body = ready(job, endpoints, "alice@example.org", []).get_content()
    lines: dict[str, str] = {}
    for client in CLIENTS:
        block = body.partition(f"\n  {client}, over FTPS:\n\n")[2].partition("\n\n")[0]
        assert block.startswith("    ")
        lines[client] = "\n".join(line.removeprefix("    ") for line in block.splitlines())
    lines["check"] = body.partition("check what arrived:\n\n    ")[2].partition("\n")[0]
    return lines


def run(line: str, folder: Path, key: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TOPMAST_API_KEY": key, "LC_ALL": "C.UTF-8"}
    command = ["bash", "-c", line]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "downloads"
    path.mkdir()
    return path


@pytest.mark.parametrize("client", CLIENTS)
def test_the_printed_line_fetches_the_box_and_the_check_passes(
    boxed: Site, client_tool: Callable[[str], str], folder: Path, client: str
) -> None:
    client_tool(client)
    lines = printed_lines(boxed, boxed.certificate.ca_file)
    done = run(lines[client], folder, "key-of-alice")
    assert done.returncode == 0, done.stderr
    assert read_box(folder / "b_abc") == BOX
    assert run(lines["check"], folder, "").returncode == 0
    assert "key-of-alice" not in done.stdout + done.stderr


@pytest.mark.parametrize("client", CLIENTS)
def test_a_ca_file_in_a_folder_with_odd_characters(
    boxed: Site, client_tool: Callable[[str], str], folder: Path, client: str
) -> None:
    client_tool(client)
    odd = folder / """my "data" & $HOME's"""
    odd.mkdir()
    copy = Path(shutil.copy(boxed.certificate.ca_file, odd / "ca.pem"))
    done = run(printed_lines(boxed, copy)[client], folder, "key-of-alice")
    assert done.returncode == 0, done.stderr
    assert read_box(folder / "b_abc") == BOX


@pytest.mark.parametrize("client", CLIENTS)
def test_a_wrong_key_fetches_nothing_and_is_told(
    boxed: Site, client_tool: Callable[[str], str], folder: Path, client: str
) -> None:
    client_tool(client)
    done = run(printed_lines(boxed, boxed.certificate.ca_file)[client], folder, "a-wrong-key")
    assert done.returncode != 0
    assert not any(data for data in read_box(folder).values())


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_with_another_ca_is_not_trusted(
    boxed: Site, client_tool: Callable[[str], str], folder: Path, client: str
) -> None:
    client_tool(client)
    from topmast_service.embedded.certificate import make_certificate

    other = make_certificate(folder / "other", []).ca_file
    done = run(printed_lines(boxed, other)[client], folder, "key-of-alice")
    assert done.returncode != 0
    assert not (folder / "b_abc" / I2D).exists()


@pytest.mark.parametrize("client", ["lftp", "wget"])
def test_a_second_run_goes_on_where_the_first_stopped(
    boxed: Site, client_tool: Callable[[str], str], folder: Path, client: str
) -> None:
    client_tool(client)
    stopped = folder / "b_abc" / I2D
    stopped.parent.mkdir(parents=True)
    stopped.write_bytes(FILES[I2D][:100_000])
    done = run(printed_lines(boxed, boxed.certificate.ca_file)[client], folder, "key-of-alice")
    assert done.returncode == 0, done.stderr
    assert read_box(folder / "b_abc") == BOX


def test_curl_lists_and_resumes_over_explicit_tls(boxed: Site, client_tool: Callable[[str], str], folder: Path) -> None:
    client_tool("curl")
    (folder / "part").write_bytes(FILES[I2D][:100_000])
    curl = f"curl -fsS --ssl-reqd --cacert {boxed.certificate.ca_file} -u alice:key-of-alice"
    place = f"ftp://localhost:{boxed.port}"
    assert "b_abc" in run(f"{curl} {place}/", folder, "").stdout
    assert run(f"{curl} -C - -o part {place}/b_abc/{I2D}", folder, "").returncode == 0
    assert (folder / "part").read_bytes() == FILES[I2D]


def test_plain_ftp_is_refused_to_curl(boxed: Site, client_tool: Callable[[str], str], folder: Path) -> None:
    client_tool("curl")
    done = run(f"curl -fsS -u alice:key-of-alice ftp://127.0.0.1:{boxed.port}/", folder, "")
    assert done.returncode == 67  # login denied
