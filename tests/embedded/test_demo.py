"""`make demo` as a newcomer sees it, and what it never does: remove a folder that is not its own."""

import fcntl
import subprocess
import sys
from pathlib import Path

from tests.docker.recipe import ROOT


def demo(folder: Path) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, str(ROOT / "docs" / "demo.py"), str(folder)]
    return subprocess.run(line, capture_output=True, text=True, timeout=110, check=False)


def test_the_main_job_start_to_end(tmp_path: Path) -> None:
    ended = demo(tmp_path / "demo")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    first, second = ended.stdout.splitlines()[-2:]
    assert "every SHA-256 right" in first
    assert "everything is stopped" in second
    sums = [(tmp_path / "demo" / way / "sha256sums.txt").read_text() for way in ("ftps", "http")]
    assert sums[0] == sums[1]
    assert sum(path.stat().st_size for path in (tmp_path / "demo" / "http").rglob("*") if path.is_file()) < 50e6


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("chapter one")
    refused = demo(tmp_path)
    assert refused.returncode == 1
    assert "not a former demo" in refused.stderr
    assert (tmp_path / "thesis.tex").read_text() == "chapter one"


def test_a_demo_that_runs_is_left_alone(tmp_path: Path) -> None:
    mark = tmp_path / "made-by-make-demo"
    mark.write_text("")
    with mark.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = demo(tmp_path)
    assert refused.returncode == 1
    assert "another demo runs" in refused.stderr
    assert mark.exists()
