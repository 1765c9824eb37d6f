"""Copies into a shared folder: verified, resumable at any moment, and never led out of it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.conftest import Site
from tests.workflows.test_recovery import woken_by_upkeep
from topmast_service import container
from topmast_service.config import as_environment
from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.domain.place import place, roots_of
from topmast_service.errors import CopiesNotAllowed, Invalid
from topmast_service.staging import shared
from topmast_service.workflows import copies

M57 = {"observations": ["1", "2"]}


@dataclass
class Desk:
    """A site with a root for copies, and a bundle to copy."""

    site: Site
    root: Path
    bundle: Job

    @property
    def box(self) -> Path:
        return self.site.api.stores.trees.path("alice", self.bundle.id, 1)

    def ask(self, directory: str = "ring", **more: Any) -> str:
        body = {"directory": directory, **more}
        return self.site.api.copies.submit(self.site.alice, self.bundle, body).job.id

    def step(self, copy_id: str) -> Job:
        container.for_copies(self.site.settings).run(copy_id)
        return self.site.job(copy_id)

    def copied(self, directory: str = "ring", **more: Any) -> Job:
        return self.step(self.ask(directory, **more))

    def facts(self, done: Job) -> tuple[int, int, int]:
        return done.result["files"], done.result["kept"], done.result["failed"]


@pytest.fixture
def desk(site: Site, tmp_path: Path) -> Desk:
    root = tmp_path / "shared"
    root.mkdir()
    site.settings = replace(site.settings, copy_roots=str(root))
    site.api = container.for_api(site.settings, wake=site.woken.append)
    return Desk(site, root, site.run(M57))


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_copy_is_whole_and_says_so_itself(desk: Desk) -> None:
    before = os.umask(0o027)
    try:
        done = desk.copied("group/ring")
    finally:
        os.umask(before)
    target = desk.root / "group" / "ring"
    assert (done.phase, done.outcome) == (job.COMPLETED, "complete")
    assert content(target) == content(desk.box)
    assert desk.facts(done) == (len(content(desk.box)), 0, 0)
    assert done.progress["files_done"] == done.progress["files_total"] == len(content(desk.box))
    assert done.progress["bytes_done"] == done.progress["bytes_total"] == sum(map(len, content(desk.box).values()))
    assert done.result["directory"] == str(target)
    subprocess.run(["sha256sum", "--quiet", "-c", "sha256sums.txt"], cwd=target, check=True)
    assert {p.stat().st_mode & 0o777 for p in target.rglob("*") if p.is_file()} == {0o640}
    assert {p.stat().st_mode & 0o777 for p in target.rglob("*") if p.is_dir()} == {0o750}


def test_what_is_there_and_right_is_kept(desk: Desk) -> None:
    desk.copied()
    page = desk.root / "ring" / "MANIFEST.HTML"
    inode = page.stat().st_ino
    (desk.root / "ring" / "sha256sums.txt").unlink()
    done = desk.copied()
    assert desk.facts(done) == (1, len(content(desk.box)) - 1, 0)
    assert page.stat().st_ino == inode


def test_other_bytes_stay_unless_they_may_be_replaced(desk: Desk) -> None:
    desk.copied()
    page = desk.root / "ring" / "MANIFEST.HTML"
    page.chmod(0o644)
    page.write_text("my own notes")
    (desk.root / "ring" / "sha256sums.txt").unlink()
    done = desk.copied()
    assert (done.phase, done.outcome, done.result["failed"]) == (job.COMPLETED, "partial", 1)
    assert done.result["failures"] == [
        {"path": "MANIFEST.HTML", "reason": "a file with other bytes is there; `overwrite` replaces it"}
    ]
    assert page.read_text() == "my own notes"
    assert not (desk.root / "ring" / "sha256sums.txt").exists()  # it would say that the copy is whole
    done = desk.copied(overwrite=True)
    assert (done.outcome, content(desk.root / "ring")) == ("complete", content(desk.box))


def test_the_mark_of_another_copy_goes_before_its_files_are_replaced(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.copied()
    (desk.root / "ring" / "sha256sums.txt").write_text("of another revision")
    monkeypatch.setattr(copies, "STEP_SECONDS", -1.0)
    desk.copied(overwrite=True)
    assert not (desk.root / "ring" / "sha256sums.txt").exists()


def test_in_steps_so_that_others_get_their_turn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "STEP_SECONDS", -1.0)
    copy_id, done = desk.ask(), []
    while not (now := desk.step(copy_id)).final:
        assert (now.phase, now.step) == (job.QUEUED, "copy")
        done.append(now.progress["files_done"])
    assert done == list(range(1, len(content(desk.box))))
    assert (now.outcome, desk.facts(now)) == ("complete", (len(content(desk.box)), 0, 0))
    assert content(desk.root / "ring") == content(desk.box)
    left = desk.site.api.stores.redis.lrange("topmast-celery:transfer", 0, -1)
    assert sum("topmast.copy" in message for message in left) == len(done)


@pytest.mark.parametrize("moment", range(1, 32, 5))
def test_killed_at_any_step_and_begun_again_it_ends_the_same(desk: Desk, moment: int) -> None:
    copy_id = desk.ask()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, copy_id, str(moment)],
        env={**os.environ, **as_environment(desk.site.settings)}, check=False,
    )  # fmt: skip
    assert killed.returncode == -9
    running = desk.site.job(copy_id)
    assert running.phase == job.EXECUTING
    for path, data in content(desk.root).items():  # whatever has its own name is whole
        assert path.endswith(".part") or data == content(desk.box)[path.removeprefix("ring/")]
    past = desk.site.api.stores.jobs.now() - timedelta(hours=1)
    desk.site.api.stores.jobs.change(copy_id, lambda j: replace(j, lease_until=past, created=past))
    assert "topmast.copy" in waiting_after_upkeep(desk.site)
    done = desk.step(copy_id)
    assert (done.outcome, done.result["failed"]) == ("complete", 0)
    assert content(desk.root / "ring") == content(desk.box)


KILLED = """
import os, signal, sys
from topmast_service import container
from topmast_service.config import from_environment

copies, events = container.for_copies(from_environment()), []
settings_root = from_environment().copy_roots

def watch(event, arguments):
    ours = event in {"os.link", "os.remove", "os.mkdir", "os.rename"}
    if ours or (event == "open" and str(arguments[0]).startswith((".c_", "jw", "JWST", "ring"))):
        events.append(event)
        if len(events) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
copies.run(sys.argv[1])
print(len(events))
"""


def waiting_after_upkeep(site: Site) -> str:
    woken_by_upkeep(site)
    return " ".join(map(str, site.api.stores.redis.lrange("topmast-celery:transfer", 0, -1)))


def test_a_full_disk_is_waited_for_and_then_it_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_id = desk.ask()
    with monkeypatch.context() as patched:
        patched.setattr(shared.os, "fsync", after(3, OSError(errno.ENOSPC, "No space left on device")))
        waiting = desk.step(copy_id)
    assert (waiting.phase, waiting.phase_reason) == (job.SUSPENDED, "disk_full")
    assert not list(desk.root.rglob(".*.part"))
    desk.site.api.stores.jobs.change(copy_id, lambda j: replace(j, not_before=j.created))
    done = desk.step(copy_id)
    assert (done.outcome, content(desk.root / "ring")) == ("complete", content(desk.box))


def test_a_disk_that_gives_back_other_bytes_is_found_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(shared.os, "write", lambda file, data: write(file, bytes(data)[:-1] + b"?"))
    done = desk.copied()
    assert (done.outcome, done.result["files"]) == ("partial", 0)
    assert "read back" in done.result["failures"][0]["reason"]
    assert content(desk.root) == {}


def test_without_hard_links_files_get_their_names_all_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.os, "link", after(0, OSError(errno.EPERM, "no links here")))
    assert desk.copied().outcome == "complete"
    assert content(desk.root / "ring") == content(desk.box)


@pytest.mark.parametrize("end", ["delete", "archive"])
def test_a_bundle_that_goes_meanwhile_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(copies, "STEP_SECONDS", -1.0)
    copy_id = desk.ask()
    assert desk.step(copy_id).phase == job.QUEUED
    if end == "delete":
        desk.site.api.control.delete(desk.site.alice, desk.bundle.id)
    else:
        past = desk.bundle.created
        desk.site.api.stores.jobs.change(desk.bundle.id, lambda j: replace(j, destruction=past, warned=past))
        desk.site.upkeep()
        assert desk.site.job(desk.bundle.id).phase == job.ARCHIVED
    done = desk.step(copy_id)
    assert (done.phase, (done.error or {})["code"]) == (job.ERROR, "expired")
    assert not (desk.root / "ring" / "sha256sums.txt").exists()


def test_a_file_under_way_stays_readable_when_its_bundle_goes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_fill", deleting(desk, shared._fill))
    done = desk.copied()
    assert (done.phase, (done.error or {})["code"]) == (job.ERROR, "expired")
    ((path, data),) = content(desk.root / "ring").items()
    assert len(data) > 0
    assert path.endswith(".fits")


@pytest.mark.parametrize("verb", ["hold", "abort"])
def test_holding_and_aborting_act_in_the_middle_of_a_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    copy_id = desk.ask()
    monkeypatch.setattr(copies, "TELL_SECONDS", -1.0)
    monkeypatch.setattr(
        shared, "_fill", between(lambda: getattr(desk.site.api.control, verb)(desk.site.alice, copy_id))
    )
    stopped = desk.step(copy_id)
    assert stopped.phase == {"hold": job.HELD, "abort": job.ABORTED}[verb]
    assert content(desk.root) == {}
    monkeypatch.undo()
    if verb == "hold":
        desk.site.api.control.run(desk.site.alice, copy_id)
        assert desk.step(copy_id).outcome == "complete"


def test_a_process_that_stops_gives_the_copy_back(desk: Desk) -> None:
    copy_id, worker = desk.ask(), container.for_copies(desk.site.settings)
    worker.stopping.set()
    worker.run(copy_id)
    assert desk.site.job(copy_id).phase == job.QUEUED
    assert desk.step(copy_id).outcome == "complete"


def test_no_link_leads_out_of_the_root(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (desk.root / "ring").symlink_to(outside)
    done = desk.copied()
    assert (done.phase, (done.error or {})["code"]) == (job.ERROR, "copies_not_allowed")
    (desk.root / "pot").mkdir()
    (desk.root / "pot" / "JWST").symlink_to(outside)
    (desk.root / "pot" / "MANIFEST.HTML").symlink_to(outside / "page")
    done = desk.copied("pot", overwrite=True)
    assert (done.outcome, content(outside)) == ("partial", {})
    assert not (desk.root / "pot" / "MANIFEST.HTML").is_symlink()
    assert "link" in done.result["failures"][0]["reason"]


@pytest.mark.parametrize("swapped", ["ring", "JWST", "jw01558-o001_t001_miri_f1000w"])
def test_a_link_put_in_the_way_at_the_last_moment_leads_nowhere(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    """A colleague with ill will puts a link where a folder was, each time just before we go into it."""
    outside, opened = tmp_path / "outside", os.open
    outside.mkdir()

    def swap(name: Any, *args: Any, dir_fd: int | None = None, **more: Any) -> int:
        if name == swapped and not (last := Path(os.readlink(f"/proc/self/fd/{dir_fd}")) / name).is_symlink():
            if last.exists():
                last.rename(last.with_name("away"))
            last.symlink_to(outside)
        return opened(name, *args, dir_fd=dir_fd, **more)

    monkeypatch.setattr(shared.os, "open", swap)
    done = desk.copied(overwrite=True)
    assert (done.phase, done.outcome) in {(job.ERROR, None), (job.COMPLETED, "partial")}
    assert list(outside.iterdir()) == []


def test_a_root_that_cannot_be_written_to_ends_the_copy_with_the_reason(desk: Desk) -> None:
    copy_id = desk.ask()
    desk.root.rmdir()
    done = desk.step(copy_id)
    assert (done.phase, (done.error or {})["code"]) == (job.ERROR, "copy_failed")


@pytest.mark.parametrize(
    ("directory", "path"),
    [
        ("ring", "/shared/jwst/ring"),
        ("./a//b/", "/shared/jwst/a/b"),
        ("/shared/jwst/ring", "/shared/jwst/ring"),
        ("/scratch/x", "/scratch/x"),
        ("übung 1", "/shared/jwst/übung 1"),
    ],
)
def test_where_a_copy_may_be(directory: str, path: str) -> None:
    assert place(directory, roots_of("/shared/jwst:/scratch/")).path == path


@pytest.mark.parametrize(
    "directory",
    ["", ".", "/", "..", "a/../../b", "/shared/jwst", "/shared/jwst/", "/shared/jwst2/a", "/etc", "a\nb", "n" * 256],
)
def test_where_it_may_not(directory: str) -> None:
    with pytest.raises(CopiesNotAllowed):
        place(directory, roots_of("/shared/jwst:/scratch/"))
    with pytest.raises(CopiesNotAllowed, match="makes no copies"):
        place(directory, ())


@pytest.mark.parametrize("text", ["relative", "/a:b", "/a/../b"])
def test_roots_are_absolute(text: str) -> None:
    with pytest.raises(Invalid, match="TOPMAST_COPY_ROOTS"):
        roots_of(text)


def after(times: int, error: OSError) -> Callable[..., None]:
    """Does nothing so many times, then fails."""
    calls = iter([None] * times)

    def call(*_: object, **__: object) -> None:
        if next(calls, error) is error:
            raise error

    return call


def between(act: Callable[[], object]) -> Callable[..., None]:
    """Writes half of a file, lets `act` happen, and tells how many bytes were done."""

    def fill(part: int, source: Any, watch: Callable[[int], None]) -> None:
        os.write(part, source.read(100))
        act()
        watch(100)

    return fill


def deleting(desk: Desk, fill: Callable[..., None]) -> Callable[..., None]:
    """Writes a file, whose bundle is deleted first."""

    def filled(*args: Any) -> None:
        desk.site.api.control.delete(desk.site.alice, desk.bundle.id)
        fill(*args)

    return filled
