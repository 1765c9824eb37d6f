"""`topmast-service up` as a whole: ready, refused, restarted, stopped, killed, and found again."""

import ftplib
import json
import signal
import ssl
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import Up, alive, start_up, until_none

SMALL = ("--sandbox", "--scale", "0.01")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(up: Up, path: str, body: dict[str, Any] | None = None) -> Any:
    """A request with the first user's key; GET, or POST of `body`."""
    request = urllib.request.Request(up.endpoint["url"] + path, json.dumps(body).encode() if body else None)
    request.add_header("Authorization", f"Bearer {up.endpoint['api_key']}")
    request.add_header("Content-Type", "application/json")
    with DIRECT.open(request, timeout=30) as answer:
        return json.load(answer)


def answers(up: Up, path: str = "/readyz") -> bool:
    try:
        with DIRECT.open(up.endpoint["url"] + path, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "topmast_service.cli", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    up = start_up(tmp_path_factory.mktemp("up") / "data", *SMALL)
    yield up
    assert up.stop() == 0


def test_the_endpoint_says_how_to_reach_it_to_its_owner_alone(running: Up) -> None:
    assert set(running.endpoint) == {"url", "api_key", "ftps", "mailbox", "sandbox_url"}
    for private in (running.data / "endpoint.json", running.data / "secrets" / "api_key"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert answers(running, "/livez")
    assert answers(running, "/readyz")
    assert ask(running, "/v1/jobs")["items"] == []


def test_all_processes_run(running: Up) -> None:
    roles = {"redis", "api", "ftps", "worker-query", "worker-transfer", "worker-upkeep", "beat", "sandbox", "guard"}
    assert set(running.pids) == roles


def test_ftps_takes_the_key_with_a_certificate_that_verifies(running: Up) -> None:
    where = running.endpoint["ftps"]
    with ftplib.FTP_TLS(context=ssl.create_default_context(cafile=where["ca_file"]), timeout=30) as ftp:
        ftp.connect(where["host"], where["port"])
        ftp.login(where["user"], running.endpoint["api_key"])
        ftp.prot_p()
        assert ftp.nlst() == []


def test_the_greeting_shows_no_key(running: Up) -> None:
    told = running.output.read_text()
    assert running.endpoint["url"] in told
    assert str(running.data / "endpoint.json") in told
    logs = "".join(path.read_text(errors="replace") for path in (running.data / "logs").glob("*.log"))
    assert running.endpoint["api_key"] not in told + logs


def test_a_second_one_on_the_same_folder_is_told_who_has_it(running: Up) -> None:
    second = command("up", "--data", str(running.data), "--port", "0")
    assert second.returncode == 2
    assert str(running.process.pid) in second.stderr
    assert running.endpoint["url"] in second.stderr
    assert answers(running)


@pytest.mark.parametrize(
    "name", ["api", "redis", "ftps", "beat", "worker-query", "worker-transfer", "worker-upkeep", "sandbox", "guard"]
)
def test_what_is_killed_comes_back(running: Up, name: str) -> None:
    killed = running.kill(name)
    while running.pids.get(name) in (killed, None) or not answers(running):
        assert running.process.poll() is None, running.output.read_text()
        time.sleep(0.05)
    assert ask(running, "/v1/jobs")["items"] == []


def test_users_and_keys_by_command_line(running: Up) -> None:
    at = ("--data", str(running.data))
    assert command("users", "add", "bob", "--email", "bob@localhost", *at).stdout == "bob\n"
    key = command("keys", "create", "bob", *at).stdout.strip()
    request = urllib.request.Request(running.endpoint["url"] + "/v1/jobs", headers={"Authorization": f"Bearer {key}"})
    with DIRECT.open(request, timeout=30) as answer:
        assert answer.status == 200
    key_id = command("keys", "list", "bob", *at).stdout.split()[0]
    assert key_id == key.split("_")[1]
    assert command("keys", "revoke", "bob", key_id, *at).returncode == 0
    with pytest.raises(urllib.error.HTTPError, match="401"):
        DIRECT.open(request, timeout=30)
    nobody = command("keys", "create", "nobody", *at)
    assert nobody.returncode == 2
    assert "no user nobody" in nobody.stderr


def test_the_next_one_finds_what_the_first_one_had(tmp_path: Path) -> None:
    first = start_up(tmp_path / "data", *SMALL)
    job = ask(first, "/v1/searches", {"collection": "observations", "criteria": {"proposal_id": "1073"}})
    everything = first.everything
    assert first.stop(signal.SIGINT) == 0
    assert not alive(everything)
    assert not (tmp_path / "data" / "endpoint.json").exists()
    second = start_up(tmp_path / "data", *SMALL)
    try:
        assert second.endpoint["api_key"] == first.endpoint["api_key"]
        assert second.endpoint["ftps"]["port"] == first.endpoint["ftps"]["port"]
        assert ask(second, f"/v1/jobs/{job['id']}")["request"] == job["request"]
    finally:
        assert second.stop() == 0


def test_sigkill_leaves_nothing_and_the_next_one_waits_for_that(tmp_path: Path) -> None:
    """In a folder whose path is no good for a socket: too long, and with a space."""
    data = tmp_path / ("a long name " * 10)
    first = start_up(data, *SMALL)
    everything = first.everything
    assert len(everything) >= 9
    first.process.kill()
    first.process.wait()
    second = start_up(data, *SMALL)
    try:
        assert not until_none(everything)
        assert second.endpoint["api_key"] == first.endpoint["api_key"]
        assert answers(second)
    finally:
        assert second.stop() == 0


def test_a_process_that_cannot_start_stops_everything_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    ended = command(
        "up", "--data", str(tmp_path / "d"), "--port", "0", "--sandbox", "--catalog", str(tmp_path / "catalog")
    )
    assert ended.returncode == 2
    assert "sandbox ended with exit status 2 while starting" in ended.stderr
    assert "observations.csv" in ended.stderr
    assert not (tmp_path / "d" / "endpoint.json").exists()
    assert not (tmp_path / "d" / "redis" / "redis.sock").exists()


def test_a_damaged_redis_file_is_not_started_over(tmp_path: Path) -> None:
    (tmp_path / "d" / "redis").mkdir(parents=True)
    (tmp_path / "d" / "redis" / "appendonly.aof").write_text("no such format")
    ended = command("up", "--data", str(tmp_path / "d"), "--port", "0")
    assert ended.returncode == 2
    assert "redis ended with exit status 1 while starting" in ended.stderr
    assert (tmp_path / "d" / "redis" / "appendonly.aof").read_text() == "no such format"


def test_stopped_while_starting_it_leaves_nothing(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "topmast_service.cli", "up", "--data", str(tmp_path / "d"), "--port", "0", *SMALL]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        up = Up(tmp_path / "d", {}, process, tmp_path)
        while not (tmp_path / "d" / "logs" / "sandbox.log").exists():
            assert process.poll() is None
            time.sleep(0.01)
        everything = up.everything
        assert up.stop() == 0
        assert process.stdout
        assert "has stopped" in process.stdout.read()
    assert everything
    assert not alive(everything)
    assert not (tmp_path / "d" / "endpoint.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "192.0.2.1"), "without TLS"),
        (("--host", "192.0.2.1", "--behind-proxy"), "TOPMAST_PUBLIC_URL"),
        (("--user", "Big Bob"), "no user name"),
        (("--catalog", "."), "--sandbox too"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    refused = command("up", "--data", str(tmp_path / "data"), *words)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert not (tmp_path / "data").exists()


def test_a_taken_port_is_told(tmp_path: Path, running: Up) -> None:
    port = running.endpoint["url"].rpartition(":")[2]
    refused = command("up", "--data", str(tmp_path / "data"), "--port", port)
    assert refused.returncode == 2
    assert f"Cannot listen on 127.0.0.1:{port}" in refused.stderr
    assert "--port" in refused.stderr
