"""Processes kept running, and none left: deaths, restarts, the order of stopping, SIGKILL on the supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import alive, until_none
from topmast_service.embedded import child as child_module
from topmast_service.embedded.reasons import CannotRun
from topmast_service.embedded.supervisor import StopAsked, Supervisor

SLEEP = ["/bin/sleep", "60"]
STUBBORN = ["/bin/sh", "-c", "trap '' TERM; echo up; while :; do /bin/sleep 0.1; done"]
STAGES = (("front",), ("middle", "stubborn"), ("store",))


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "FIRST_PAUSE", 0.01)


def supervisor(tmp_path: Path, said: list[str] | None = None) -> Supervisor:
    words = [] if said is None else said
    return Supervisor(tmp_path, dict(os.environ), words.append, STAGES)


def ask_to_stop(after: Callable[[], bool] = lambda: True) -> Callable[[float], None]:
    """Stands in for `Signals.pause`: a real signal, sent when `after` says so."""

    def pause(seconds: float) -> None:
        if after():
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(min(seconds, 0.01))

    return pause


def test_what_is_killed_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with supervisor(tmp_path, said) as boss:
        front = boss.add("front", SLEEP)
        first = front.pid
        assert first
        os.kill(first, signal.SIGKILL)
        monkeypatch.setattr(boss._signals, "pause", ask_to_stop(lambda: front.pid not in (first, None)))
        with pytest.raises(StopAsked):
            boss.watch()
    assert len(said) == 1
    assert "front was ended by SIGKILL and is restarted" in said[0]
    assert front.pid is None


def test_five_deaths_within_a_minute_stop_everything_with_the_reason(tmp_path: Path) -> None:
    with supervisor(tmp_path) as boss:
        kept = boss.add("store", SLEEP).pid
        boss.add("front", ["/bin/sh", "-c", "echo no disk; exit 7"])
        with pytest.raises(CannotRun, match=r"(?s)exit status 7, for the 5th time.*no disk") as ended:
            boss.watch()
    assert str(tmp_path / "front.log") in ended.value.hint
    assert kept
    assert not alive({kept})


def test_a_death_while_starting_is_final(tmp_path: Path) -> None:
    with supervisor(tmp_path) as boss:
        boss.add("front", ["/bin/sh", "-c", "echo bad catalogue; exit 3"])
        with pytest.raises(CannotRun, match=r"(?s)front ended with exit status 3 while starting.*bad catalogue"):
            boss.wait_for("front", lambda: False, 30)


def test_what_never_gets_ready_is_told_with_its_log(tmp_path: Path) -> None:
    with supervisor(tmp_path) as boss:
        boss.add("front", SLEEP)
        with pytest.raises(CannotRun, match="front was not ready within 0 seconds"):
            boss.wait_for("front", lambda: False, 0.01)


def test_stopping_goes_stage_by_stage(tmp_path: Path) -> None:
    order = tmp_path / "order"
    script = "trap 'echo {0} >> {1}; exit 0' TERM; echo up; while :; do /bin/sleep 0.02; done"
    with supervisor(tmp_path) as boss:
        children = [boss.add(name, ["/bin/sh", "-c", script.format(name, order)]) for name in ("store", "front")]
        boss.wait_for("front", lambda: all("up" in child.tail() for child in children), 10)
    assert order.read_text().split() == ["front", "store"]


def test_what_does_not_go_is_killed(tmp_path: Path) -> None:
    with supervisor(tmp_path) as boss:
        stubborn = boss.add("stubborn", STUBBORN, stop_within=0.1)
        boss.wait_for("stubborn", lambda: "up" in stubborn.tail(), 10)
    assert stubborn.process
    assert stubborn.process.returncode == -signal.SIGKILL


def test_asked_twice_it_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with supervisor(tmp_path) as boss:
        stubborn = boss.add("stubborn", STUBBORN, stop_within=3600)
        boss.wait_for("stubborn", lambda: "up" in stubborn.tail(), 10)
        monkeypatch.setattr(boss._signals, "pause", ask_to_stop())
    assert stubborn.process
    assert stubborn.process.returncode == -signal.SIGKILL


def test_grandchildren_end_too(tmp_path: Path) -> None:
    with supervisor(tmp_path) as boss:
        front = boss.add("front", ["/bin/sh", "-c", "/bin/sleep 60 & echo $!; wait"])
        boss.wait_for("front", lambda: bool(front.tail()), 10)
        grandchild = int(front.tail())
        assert alive({grandchild})
    assert not until_none({grandchild}, 5)


SUPERVISING = """
import os, sys, time
from pathlib import Path
from topmast_service.embedded.supervisor import Supervisor
with Supervisor(Path(sys.argv[1]), dict(os.environ), print, []) as boss:
    front = boss.add("front", ["/bin/sh", "-c", "trap '' TERM; /bin/sleep 60 & echo $$ $!; wait; wait"])
    boss.wait_for("front", lambda: bool(front.tail()), 10)
    print(boss._group, front.tail(), flush=True)
    boss.watch()
"""


def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        left = {int(word) for word in process.stdout.readline().split()}
        assert len(alive(left)) == 3
        process.kill()
    assert not until_none(left, 15)


def test_a_killed_guard_is_replaced_in_the_same_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with supervisor(tmp_path) as boss:
        front = boss.add("front", SLEEP)
        first = boss._guard.pid
        assert first
        os.kill(first, signal.SIGKILL)
        monkeypatch.setattr(boss._signals, "pause", ask_to_stop(lambda: boss._guard.pid not in (first, None)))
        with pytest.raises(StopAsked):
            boss.watch()
    assert front.pid is None
