"""Every benchmark runs on a tiny size and ends with its JSON lines; what they measure is not judged here."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

KEYS = {
    "stage": {"connections", "topmast_s", "astroquery_s", "aria2c_s", "vs_astroquery", "vs_aria2c"},
    "small": {"topmast_s", "aria2c_s", "curl_s", "vs_aria2c", "sandbox_ceiling_files_s"},
    "warm": {"files", "topmast_s", "cp_al_s", "vs_cp_al"},
    "resolve": {"rows", "files", "topmast_s", "primer_s", "vs_primer", "memory_share"},
    "fair": {"pace", "alone_s", "beside_bulk_s", "ratio"},
    "search": {"what", "api_peak_mb"},
    "archive": {"set", "files", "bytes"},
}
NEEDS = {"stage": ("curl", "aria2c"), "small": ("curl", "aria2c"), "archive": ("curl", "zip", "tar")}


def lines_of(name: str, into: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "bench", name, "--quick", "--into", str(into)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.clients
@pytest.mark.parametrize("name", KEYS)
def test_a_benchmark_prints_its_line(name: str, tmp_path: Path) -> None:
    if absent := [program for program in NEEDS.get(name, ()) if not shutil.which(program)]:
        pytest.skip(f"{', '.join(absent)} is not installed")
    lines = lines_of(name, tmp_path)
    assert lines
    for line in lines:
        assert line["bench"] == name
        assert line.keys() >= KEYS[name]
        # An exponent of times in hundredths of a second may be anything.
        assert all(value > 0 for key, value in line.items() if isinstance(value, float) and key != "exponent")


def test_an_unknown_benchmark_is_refused() -> None:
    command = [sys.executable, "-m", "bench", "speed"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "no benchmark speed" in done.stderr
