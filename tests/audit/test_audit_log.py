"""Nothing is told twice or lost, whoever is killed and whatever is moved meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers_redis import RedisProcess, start_redis
from topmast_service.domain.audit import Asked, Entry
from topmast_service.store import audit
from topmast_service.store.audit import COUNTS, STREAM, AuditLog
from topmast_service.store.audit_files import MonthFiles
from topmast_service.store.connection import connect

ALL = Asked()


def started(role: str, url: str, folder: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.audit.audit_process", role, url, str(folder), *more]
    return subprocess.Popen(command)


def paths(log: AuditLog) -> list[str]:
    """Oldest first; and the other way round they are the same."""
    found = [entry.path for entry in log.oldest_first(ALL)]
    assert [entry.path for entry in log.newest_first(ALL)] == found[::-1]
    return found


def add(log: AuditLog, numbers: range) -> list[str]:
    for number in numbers:
        log.note(Entry("done", actor="ann", path=str(number)))
    return [str(number) for number in numbers]


def test_an_entry_comes_back_as_it_was(log: AuditLog) -> None:
    entry = Entry("submitBundle", "portal", "ann", "1a2b", "bundle", "b_1", "a/b c\n", "202", "::1", "r_1", 3)
    log.note(entry)
    (found,) = log.oldest_first(ALL)
    assert (found.action, found.actor, found.user, found.path, found.count) == (
        "submitBundle", "portal", "ann", "a/b c\n", 3,
    )  # fmt: skip
    assert abs(found.time - datetime.now(UTC)) < timedelta(minutes=5)


def test_what_has_moved_is_read_in_order_with_what_has_not(
    log: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "KEPT", 3)
    monkeypatch.setattr(audit, "BATCH", 2)
    told = add(log, range(10))
    log.keep()
    assert log._redis.xlen(STREAM) == 3
    assert paths(log) == told
    told += add(log, range(10, 12))
    assert paths(log) == told
    (month,) = (tmp_path / "audit").glob("*.jsonl")
    assert month.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line)["path"] for line in month.read_text().splitlines()] == told[:7]


def test_old_entries_move_though_they_are_few(log: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = add(log, range(3))
    log.keep()
    assert log._redis.xlen(STREAM) == 3
    monkeypatch.setattr(audit, "KEPT_FOR", timedelta(seconds=-5))
    log.keep()
    assert log._redis.xlen(STREAM) == 0
    assert paths(log) == told


def test_each_month_has_its_file(log: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "KEPT", 0)
    last, first = datetime(2026, 1, 31, 23, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    for number, time in enumerate((last, first)):
        text = json.dumps({"action": "done", "path": str(number)})
        log._redis.xadd(STREAM, {"entry": text}, id=f"{int(time.timestamp() * 1000)}-0")
    log.keep()
    assert sorted(p.name for p in (tmp_path / "audit").glob("*.jsonl")) == ["2026-01.jsonl", "2026-02.jsonl"]
    assert paths(log) == ["0", "1"]
    assert [e.path for e in log.oldest_first(Asked(since=first))] == ["1"]
    assert [e.path for e in log.newest_first(Asked(until=first))] == ["0"]


def test_a_mover_killed_between_filing_and_forgetting_leaves_nothing_twice(
    log: AuditLog, tmp_path: Path, redis_process: RedisProcess
) -> None:
    told = add(log, range(250))
    for _ in range(2):  # the one that comes after it is killed as well
        assert started("die", redis_process.url, tmp_path / "audit").wait(60) == -signal.SIGKILL
        assert log._redis.xlen(STREAM) == 250
        assert paths(log) == told
    assert started("move", redis_process.url, tmp_path / "audit").wait(60) == 0
    assert log._redis.xlen(STREAM) == 0
    assert paths(log) == told


@pytest.mark.parametrize("left", ['{"id":"1-0","acti', ""])
def test_half_a_line_is_cut_and_comes_again_whole(log: AuditLog, tmp_path: Path, left: str) -> None:
    files = MonthFiles(tmp_path / "audit")
    told = add(log, range(3))
    first, *others = list(log.oldest_first(ALL))
    files.append([first])
    (month,) = (tmp_path / "audit").glob("*.jsonl")
    with month.open("a") as file:
        file.write(left)
    assert paths(log) == told
    files.append([first, *others])
    assert [json.loads(line)["path"] for line in month.read_text().splitlines()] == told


def test_entries_of_a_redis_whose_clock_was_set_back_are_kept(log: AuditLog, tmp_path: Path) -> None:
    later, earlier = (
        Entry("done", path=p, id=f"{ms}-0") for p, ms in (("later", 1795855200001), ("earlier", 1795855200000))
    )
    files = MonthFiles(tmp_path / "audit")
    files.append([later])
    files.append([earlier])
    files.append([earlier, later])
    assert [entry.path for entry in files.forwards()] == ["later", "earlier"]


def test_long_files_are_read_backwards_block_by_block(tmp_path: Path) -> None:
    files = MonthFiles(tmp_path / "audit")
    entries = [Entry("done", path=f"{n}" + "x" * (n % 900), id=f"{1795855200000 + n}-0") for n in range(700)]
    files.append(entries)
    assert list(files.forwards()) == entries
    assert list(files.backwards()) == entries[::-1]


def test_writers_movers_and_a_reader_at_once(tmp_path: Path) -> None:
    """With Redis killed and started again in between, for good measure at the end."""
    redis = start_redis(tmp_path, aof=True)
    folder = tmp_path / "audit"
    try:
        writers = [started("write", redis.url, folder, name, "600") for name in ("ann", "bob")]
        with connect(redis.url) as client:
            log = AuditLog(client, MonthFiles(folder))
            while any(writer.poll() is None for writer in writers):
                started("die", redis.url, folder).wait(60)
                before = [(entry.actor, entry.path) for entry in log.oldest_first(ALL)]
                assert len(before) == len(set(before))
                assert started("move", redis.url, folder).wait(60) == 0
                assert [(e.actor, e.path) for e in log.oldest_first(ALL)][: len(before)] == before
            redis.kill()
            redis.start()
            told = [(entry.actor, entry.path) for entry in log.oldest_first(ALL)]
        assert sorted(told) == sorted((name, str(n)) for name in ("ann", "bob") for n in range(600))
        for name in ("ann", "bob"):
            assert [path for actor, path in told if actor == name] == [str(n) for n in range(600)]
    finally:
        redis.stop()


def test_what_is_alike_is_counted_by_the_minute(log: AuditLog) -> None:
    for number in range(500):
        log.count(Entry("getJob", outcome="401", address=f"192.0.2.{number % 2}", request_id="r_1"), str(number % 2))
    first = list(log.oldest_first(ALL))
    assert {entry.address for entry in first} == {"192.0.2.0", "192.0.2.1"}
    assert len(first) <= 4  # the minute may have turned
    log._tell(keys=[COUNTS, audit.COUNTED, STREAM], args=["all"])
    every = list(log.oldest_first(ALL))
    for address in ("192.0.2.0", "192.0.2.1"):
        assert sum(entry.count for entry in every if entry.address == address) == 250
    assert log._redis.hlen(COUNTS) == log._redis.hlen(audit.COUNTED) == 0


def test_a_minute_that_runs_is_not_told_yet(log: AuditLog) -> None:
    log._redis.hset(COUNTS, "60|ancient", 5)
    log._redis.hset(audit.COUNTED, "60|ancient", '{"action":"getJob","request_id":"r_1","path":"\\u00e9"}')
    for _ in range(3):
        log.count(Entry("getMe"), "now")
    log.keep()
    (ancient,) = (entry for entry in log.oldest_first(ALL) if entry.action == "getJob")
    assert (ancient.count, ancient.request_id, ancient.path) == (4, "", "é")
    assert log._redis.hlen(COUNTS) >= 1


def test_many_addresses_do_not_fill_the_memory(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_ALIKE", 10)
    for number in range(200):
        log.count(Entry("getJob", outcome="401", address=f"192.0.2.{number}"), str(number))
    assert log._redis.hlen(COUNTS) <= 2 * 11
    log._tell(keys=[COUNTS, audit.COUNTED, STREAM], args=["all"])
    assert sum(entry.count for entry in log.oldest_first(ALL)) == 200


def test_a_redis_that_is_away_leaves_the_entry_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    redis = start_redis(tmp_path)
    with connect(redis.url) as client:
        log = AuditLog(client, MonthFiles(tmp_path / "audit"))
        redis.kill()
        log.note(Entry("deleteJob", actor="ann", object="s_1"))
        log.count(Entry("getJob", actor="bob"), "x")
    assert "deleteJob" in caplog.text
    assert "bob" in caplog.text


def test_secrets_and_hostile_text_are_kept_out(log: AuditLog) -> None:
    key, path = "tm_1a2b3c4d_" + "A" * 32, "\ud800" + "x" * 5000
    log.note(Entry("done", request_id=f"Bearer {key}", path=path, object=f"/d/{'s' * 70}/a.fits"))
    log.count(Entry("done", path=path), path)
    log.count(Entry("done", path=path), path)
    log._tell(keys=[COUNTS, audit.COUNTED, STREAM], args=["all"])
    first, *others = list(log.oldest_first(ALL))
    assert "A" * 8 not in first.request_id
    assert "s" * 30 not in first.object
    assert len(first.path) == 1000
    assert sum(entry.count for entry in others) == 2
