"""The operator's commands, with real processes: what they are told; slow, failing and endless ones."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.keeping.conftest import ONE
from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.domain import job
from topmast_service.errors import Invalid, UnknownHook
from topmast_service.notify import hooks
from topmast_service.workflows.hooks import PAUSES

Hooked = Callable[..., Site]


@pytest.fixture
def hooked(site: Site, tmp_path: Path) -> Hooked:
    """Give the site a hook called note, with this as its program."""

    def give(program: str) -> Site:
        path = tmp_path / "hook"
        path.write_text(f"#!/bin/sh\n{program}\n")
        path.chmod(0o755)
        site.settings = replace(site.settings, hooks=f"note={path}")
        site.api = container.for_api(site.settings, wake=site.woken.append)
        return site

    return give


def run_round(site: Site) -> None:
    """A round of upkeep, and the end of what it began."""
    upkeep = container.for_upkeep(site.settings)
    upkeep.round()
    until = time.monotonic() + 20
    while upkeep.notices.hooks.places._value < 4 and time.monotonic() < until:
        time.sleep(0.01)
    site.api.stores.redis.delete("nothing", *site.api.stores.redis.keys("topmast:once:hook:*"))


def completed(site: Site) -> job.Job:
    return site.run(ONE, notify=[{"hook": "note"}])


def test_a_hook_is_told_of_the_bundle_and_of_nothing_else(
    hooked: Hooked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOPMAST_SMTP_PASSWORD", "secret")
    site = hooked(f'env > {tmp_path}/env; pwd > {tmp_path}/pwd; echo "$#" >> {tmp_path}/runs; cp "$1" {tmp_path}/copy')
    done = completed(site)
    for _ in range(3):
        run_round(site)
    box = site.api.stores.trees.path("alice", done.id, 1)
    told = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert {k: v for k, v in told.items() if k not in {"PWD", "_", "SHLVL", "OLDPWD", "PATH"}} == {
        "TOPMAST_JOB": done.id, "TOPMAST_REVISION": "1", "TOPMAST_OUTCOME": "complete", "TOPMAST_OWNER": "alice",
        "TOPMAST_BOX": str(box), "TOPMAST_MANIFEST": f"{box}/manifest.json",
    }  # fmt: skip
    assert json.loads((tmp_path / "copy").read_text())["job_id"] == done.id
    assert (tmp_path / "runs").read_text() == "1\n"
    assert (tmp_path / "pwd").read_text().strip() == str(box.parent)
    assert site.job(done.id).notices == ()


def test_it_is_run_again_for_the_next_revision(hooked: Hooked, tmp_path: Path) -> None:
    site = hooked(f"echo $TOPMAST_REVISION >> {tmp_path}/runs")
    done = completed(site)
    run_round(site)
    site.api.control.retry(site.alice, done.id, everything=False)
    run_round(site)
    container.for_query(site.settings).bundles.again(done.id)
    site.publish(done.id)
    run_round(site)
    assert (tmp_path / "runs").read_text() == "1\n2\n"


def test_a_slow_hook_stalls_nobody(hooked: Hooked, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "wait")
    site = hooked(f"cat {tmp_path}/wait > {tmp_path}/got")
    done = completed(site)
    upkeep = container.for_upkeep(site.settings)
    upkeep.round()
    upkeep.round()  # returns while the hook waits
    assert site.job(done.id).notices == ("hook note",)
    (tmp_path / "wait").write_text("go")
    until = time.monotonic() + 20
    while site.job(done.id).notices and time.monotonic() < until:
        time.sleep(0.01)
    assert (site.job(done.id).notices, (tmp_path / "got").read_text()) == ((), "go")


def test_one_that_fails_is_tried_again_and_in_the_end_given_up_and_told(
    hooked: Hooked, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = hooked(f"echo x >> {tmp_path}/runs; echo no partition called gpu; exit 3")
    done = completed(site)
    run_round(site)
    assert site.job(done.id).notices == ("hook note 1",)
    for _ in range(9):
        run_round(site)
    tries = len(PAUSES) + 1
    assert (tmp_path / "runs").read_text() == "x\n" * tries
    assert site.job(done.id).notices == ()
    assert site.job(done.id).result["notes"][-1] == f"Hook note was given up after {tries} runs: exit status 3."
    assert "no partition called gpu" in caplog.text
    assert site.api.stores.jobs.open_ids() == set()


def test_between_two_tries_there_is_a_pause(hooked: Hooked, tmp_path: Path) -> None:
    site = hooked(f"echo x >> {tmp_path}/runs; exit 1")
    done = completed(site)
    run_round(site)
    site.api.stores.redis.set(f"topmast:once:hook:{done.id}:1:note", 1)
    run_round(site)
    run_round(site)
    assert (tmp_path / "runs").read_text() == "x\n" * 2


def test_a_bundle_that_came_to_nothing_runs_no_hook(hooked: Hooked, tmp_path: Path) -> None:
    site = hooked(f"touch {tmp_path}/ran")
    new = site.bundle(ONE, notify=[{"hook": "note"}])
    site.api.control.abort(site.alice, new.id)
    run_round(site)
    assert (site.job(new.id).notices, (tmp_path / "ran").exists()) == ((), False)


def test_too_late_means_killed_with_all_that_it_started(tmp_path: Path) -> None:
    ended = run_program(tmp_path, f"sleep 600 & echo $! > {tmp_path}/pid; wait", timeout=0.3)
    assert ended.failure == "it took too long and was killed"
    pid = int((tmp_path / "pid").read_text())
    until = time.monotonic() + 10
    while running(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not running(pid)


def test_what_it_leaves_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    ended = run_program(tmp_path, f"sleep 600 & echo $! > {tmp_path}/pid; echo begun")
    os.kill(int((tmp_path / "pid").read_text()), 9)
    assert (ended.failure, ended.output) == (None, "begun")


@pytest.mark.parametrize("program", ["head -c 3000000 /dev/zero | tr '\\0' x", "yes"])
def test_much_output_is_read_and_forgotten(tmp_path: Path, program: str) -> None:
    assert len(run_program(tmp_path, program, timeout=1.0).output) <= hooks.KEPT_OUTPUT


@pytest.mark.parametrize(
    "text", ["slurm", "slurm=relative", "Slurm=/x", "slurm=", "a=/x,a=/y", "a b=/x", "=/x", "../a=/x"]
)
def test_a_setting_that_is_no_list_of_commands_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="TOPMAST_HOOKS"):
        hooks.named(text)


def test_a_hook_that_cannot_be_run_is_told_at_the_start(site: Site, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    site.settings = replace(site.settings, hooks=f"note={tmp_path}/plain")
    with pytest.raises(Invalid, match="no executable file"):
        container.for_upkeep(site.settings)


def test_only_what_the_operator_named_can_be_asked_for(hooked: Hooked) -> None:
    site = hooked("true")
    with pytest.raises(UnknownHook) as caught:
        site.bundle(ONE, notify=[{"email": "a@b.org"}, {"hook": "rm"}])
    assert caught.value.errors == [{"pointer": "/notify/1/hook", "detail": "rm", "suggestions": ["note"]}]


def run_program(folder: Path, program: str, **more: float) -> hooks.Ended:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)
    return hooks.run(path, folder, {}, folder, **more)


def running(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except FileNotFoundError:
        return False
