"""200,000 files are put in, ticked, counted and paged in the memory of a few."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.baskets.large_process import FILES, OBSERVATIONS
from tests.servers_redis import RedisProcess

FEW_MB = 50
"""The table has 80 MB, and its rows as Python's objects 600 MB."""


def test_200_000_files(tmp_path: Path, redis_process: RedisProcess) -> None:
    command = [sys.executable, "-m", "tests.baskets.large_process", redis_process.url, str(tmp_path)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    grew = told.pop("grew")
    assert told == {
        "added": FILES - 1000, "ticked": FILES // 2, "page": [FILES, FILES - 1], "matching": FILES * 3 // 4,
        "tree": [OBSERVATIONS // 2, FILES // 2], "every": FILES * 3 // 4,
    }  # fmt: skip
    assert grew < FEW_MB
