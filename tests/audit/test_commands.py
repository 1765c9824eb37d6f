"""`topmast-service audit`, and what commands leave in it."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from tests.servers_redis import RedisProcess
from topmast_service.cli import cli
from topmast_service.commands.audit import Moment, line
from topmast_service.domain.audit import Asked, Entry
from topmast_service.store.audit import AuditLog

Run = Callable[..., str]

CHANGING = {
    "users add", "users change", "users disable", "keys create", "keys rotate", "keys revoke", "tokens rotate",
    "quotas set", "purge", "doctor",
}  # fmt: skip
"""Commands that change records of a running service: those leave an entry (`doctor` when it repairs)."""

OTHERS = {
    "up", "api", "worker", "beat", "ftps", "sandbox",  # processes
    "health", "openapi", "certificate", "audit", "columns", "users list",
    "keys list", "tokens list", "quotas show", "usage",  # change nothing of anybody's
    "adopt", "backup", "restore",  # need no Redis: what they did is in the folder that they were given
}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, redis_process: RedisProcess, log: AuditLog) -> Run:
    settings = {"TOPMAST_REDIS_URL": redis_process.url, "TOPMAST_DATA": str(tmp_path)}

    def call(*words: str, status: int = 0) -> str:
        command = [sys.executable, "-m", "topmast_service.cli", *words]
        done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        return done.stdout

    return call


def test_each_command_is_known_to_change_something_or_not() -> None:
    names = set()
    for name, command in cli.commands.items():
        below = command.commands if isinstance(command, click.Group) else {}
        names |= {f"{name} {inner}" for inner in below} or {name}
    assert names == CHANGING | OTHERS


def test_commands_that_change_something_are_there(run: Run, log: AuditLog) -> None:
    run("users", "add", "ann", "--email", "ann@example.org")
    key = run("keys", "create", "ann").strip()
    key_id = key.split("_")[1]
    run("keys", "revoke", "ann", key_id)
    run("keys", "revoke", "ann", key_id, status=2)
    run("users", "list")
    told = [(e.action, e.kind, e.object, e.outcome) for e in log.oldest_first(Asked())]
    assert told == [
        ("users add", "user", "ann", "done"),
        ("keys create", "user", "ann", "done"),
        ("keys revoke", "key", key_id, "done"),
        ("keys revoke", "key", key_id, "unknown_key"),
    ]
    assert {(e.actor, e.address) for e in log.oldest_first(Asked())} == {(getpass.getuser(), "cli")}
    assert key not in run("audit", "--json")


def test_repairs_are_there(run: Run, log: AuditLog) -> None:
    run("doctor", "--repair", status=1)  # the Redis of these tests keeps no AOF, which it finds
    run("doctor", status=1)
    assert [entry.action for entry in log.oldest_first(Asked())] == ["doctor --repair"]


def test_it_is_told_oldest_first_for_people_and_programs(run: Run, log: AuditLog) -> None:
    log.note(Entry("submitBundle", "portal", "ann", "1a2b", "bundle", "b_1", "", "202", "192.0.2.7", "r_1"))
    log.note(Entry("deleteJob", "bob", "bob", kind="bundle", object="b_2"))
    first, second = run("audit").splitlines()
    assert "portal for ann (key 1a2b)  submitBundle  bundle b_1  202  192.0.2.7  r_1" in first
    assert "bob  deleteJob  bundle b_2" in second
    assert [json.loads(text)["object"] for text in run("audit", "--json").splitlines()] == ["b_1", "b_2"]
    assert "b_2" not in run("audit", "--user", "ann", "--since", "1h")
    assert run("audit", "--object", "b_2", "--action", "deleteJob", "--until", "2000-01-01") == ""


def test_it_goes_on_telling(tmp_path: Path, redis_process: RedisProcess, log: AuditLog) -> None:
    settings = {"TOPMAST_REDIS_URL": redis_process.url, "TOPMAST_DATA": str(tmp_path)}
    log.note(Entry("first", "ann"))
    command = [sys.executable, "-m", "topmast_service.cli", "audit", "--follow", "--json", "--user", "ann"]
    with subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["action"] == "first"
        log.note(Entry("of another", "bob"))
        log.note(Entry("second", "ann"))
        assert json.loads(following.stdout.readline())["action"] == "second"
        following.terminate()


def test_what_others_sent_does_not_write_to_the_terminal() -> None:
    assert "\x1b" not in line(Entry("done", path="\x1b[31m\nforged", id="1795855200000-0"))
    assert line(Entry("done", id="1795855200000-0")).startswith("2026-")


@pytest.mark.parametrize("text", ["2026-11-28", "2026-11-28T00:00:00Z", "2026-11-28T02:00:00+02:00"])
def test_times_are_read(text: str) -> None:
    assert Moment().convert(text, None, None) == datetime(2026, 11, 28, tzinfo=UTC)
    ago = datetime.now(UTC) - Moment().convert("90m", None, None)
    assert timedelta(minutes=89) < ago < timedelta(minutes=95)
    with pytest.raises(click.BadParameter):
        Moment().convert("yesterday", None, None)
