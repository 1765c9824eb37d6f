"""The data folder: private where it must be, and one service at a time."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from topmast_service.embedded import folder as folder_module
from topmast_service.embedded.folder import PRIVATE, Folder, claim, read_lock
from topmast_service.embedded.reasons import CannotRun


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "data")
    made.make()
    return made


def test_nobody_else_looks_into_the_private_parts(folder: Folder) -> None:
    assert {stat.S_IMODE((folder.root / name).stat().st_mode) for name in PRIVATE} == {0o700}


def test_a_second_one_is_told_who_has_it(folder: Folder) -> None:
    with claim(folder) as lock:
        lock.tell(url="http://127.0.0.1:8080")
        with pytest.raises(CannotRun, match=rf"pid {os.getpid()}, http://127\.0\.0\.1:8080"), claim(folder):
            pass
    assert stat.S_IMODE(folder.lock.stat().st_mode) == 0o600


def test_what_the_last_one_wrote_is_remembered(folder: Folder) -> None:
    with claim(folder) as lock:
        assert lock.before == {}
        lock.tell(ftps_port=4711)
    with claim(folder) as lock:
        assert lock.before["ftps_port"] == 4711


def test_processes_of_a_dead_one_are_waited_for(folder: Folder) -> None:
    """The holder is gone, what it started still runs: as after SIGKILL, until the guard has done its work."""
    with claim(folder) as lock:
        lock.tell()
        command = [sys.executable, "-c", "input()"]
        heir = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[lock.descriptor])
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    folder.lock.write_text(f'{{"pid": {dead.pid}}}')
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        heir.communicate(b"\n")

    with claim(folder, pause):
        assert pauses, "the lock was given while a process of the former service ran"


def test_processes_that_never_go_are_told_of(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "TAKEOVER_SECONDS", 0.0)
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    with claim(folder):
        folder.lock.write_text(f'{{"pid": {dead.pid}}}')
        with pytest.raises(CannotRun, match=rf"killed .* \(pid {dead.pid}\) still use"), claim(folder):
            pass


def test_a_damaged_lock_file_stops_nobody(folder: Folder) -> None:
    folder.lock.write_text("{")
    assert read_lock(folder.lock) == {}
    with claim(folder):
        pass


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(CannotRun, match="cannot be used"):
        Folder(tmp_path / "data").make()
