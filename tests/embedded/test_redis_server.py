"""The private Redis: found, refused when too old, reachable by its owner alone, durable."""

import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from topmast_service.embedded.ready import redis_answers
from topmast_service.embedded.reasons import CannotRun
from topmast_service.embedded.redis_server import (
    LONGEST_SOCKET_PATH,
    RedisServer,
    find_redis,
    place_socket,
    record_version,
)


@contextmanager
def running(folder: Path, where: Path) -> "Iterator[subprocess.Popen[bytes]]":
    command = find_redis(folder).command(folder, where)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not redis_answers(str(where)):
            assert process.poll() is None, "redis-server ended"
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait()


def ask(where: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(where))
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(4096).decode()


def fake_redis(folder: Path, version: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / "redis-server"
    program.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=00000000:0 malloc=libc bits=64 build=0'\n")
    program.chmod(0o755)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_written_survives_the_process(tmp_path: Path, end: signal.Signals) -> None:
    where, _ = place_socket(tmp_path)
    with running(tmp_path, where) as process:
        assert ask(where, "SET kept yes") == "+OK\r\n"
        process.send_signal(end)
        process.wait(10)
    with running(tmp_path, where):
        assert "yes" in ask(where, "GET kept")


def test_only_the_owner_and_only_through_the_socket(tmp_path: Path) -> None:
    where, _ = place_socket(tmp_path)
    with running(tmp_path, where):
        assert stat.S_IMODE(where.stat().st_mode) == 0o700
        assert "\r\n0\r\n" in ask(where, "CONFIG GET port")
        assert "noeviction" in ask(where, "CONFIG GET maxmemory-policy")
        assert "everysec" in ask(where, "CONFIG GET appendfsync")


def test_no_answer_is_not_an_answer(tmp_path: Path) -> None:
    assert not redis_answers(str(tmp_path / "nobody.sock"))


def test_an_older_redis_is_refused_on_a_newer_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    record_version(tmp_path, RedisServer("somewhere", (99, 1, 0)))
    with pytest.raises(CannotRun, match=r"last written by Redis 99\.1.*silently start empty") as refused:
        find_redis(tmp_path)
    assert "99.1 or newer" in refused.value.hint


def test_a_newer_one_on_the_path_is_taken_when_the_file_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_redis(tmp_path / "bin", "99.2.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    record_version(tmp_path, RedisServer("somewhere", (99, 1, 7)))
    assert find_redis(tmp_path).version == (99, 2, 0)


def test_another_patch_of_the_same_series_is_welcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_redis(tmp_path)
    record_version(tmp_path, RedisServer("somewhere", (*found.series, 99)))
    assert find_redis(tmp_path) == found


def test_a_redis_from_before_the_scripts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_redis(tmp_path / "bin", "5.0.3")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CannotRun, match=r"5\.0\.3"):
        find_redis(tmp_path)


def test_without_any_redis_the_way_to_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CannotRun, match=r"no redis-server") as refused:
        find_redis(tmp_path)
    assert "embedded" in refused.value.hint


def test_a_damaged_version_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("new")
    with pytest.raises(CannotRun, match="damaged"):
        find_redis(tmp_path)


@pytest.mark.parametrize("name", ["x" * 120, "with space", "per%cent", "que?ry"])
def test_the_socket_moves_where_its_path_is_short_and_plain(tmp_path: Path, name: str) -> None:
    where, temporary = place_socket(tmp_path / name)
    try:
        assert temporary
        assert len(bytes(where)) <= LONGEST_SOCKET_PATH
        assert stat.S_IMODE(where.parent.stat().st_mode) == 0o700
    finally:
        where.parent.rmdir()
