"""The whole service with a slow MAST: a download ends little later than the bundle, whoever is killed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import topmast
from tests.end_to_end.conftest import BULK_FILES, BULK_SIZE, Live
from tests.end_to_end.test_kills import BULK, forget_the_cache


def test_the_first_file_is_in_hand_before_the_bundle_is_made(live: Live, tmp_path: Path) -> None:
    """The transfer worker is killed at that moment, and MAST is quick from then on."""
    forget_the_cache(live)
    live.sandbox("settings", bytes_per_second=BULK_SIZE)
    job = live.client.bundle(BULK, layout="pipeline")
    phases: list[str] = []

    def watch(_: topmast.Progress) -> None:
        if not phases and any(tmp_path.rglob("*.fits")):
            phases.append(live.client.jobs.get(job.id).phase)
            live.sandbox("settings", bytes_per_second=0)
            live.up.kill("worker-transfer")

    report = job.download(tmp_path, progress=watch, timeout=90)
    assert phases == ["EXECUTING"]
    assert (len(report.fetched), len(report.kept), report.ok) == (BULK_FILES + 4, 0, True)
    rows = job.manifest()
    assert {row.path.rpartition("/")[0] for row in rows} == {"Obs001/cal"}
    assert all(hashlib.sha256((tmp_path / row.path).read_bytes()).hexdigest() == row.sha256 for row in rows)
    again = job.refresh().download(tmp_path)
    assert len(again.kept) == BULK_FILES + 4
