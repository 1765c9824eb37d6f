"""A box in each layout, staged for real: its files are where the plan said, and nowhere else."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
from pathlib import Path

import pytest

from tests.arriving.conftest import HOSTILE, I2D, MSA, UNCAL, inside
from tests.workflows.conftest import Site
from topmast_service.domain.job import COMPLETED, Job
from topmast_service.domain.layout import LAYOUTS
from topmast_service.errors import DiskFull
from topmast_service.staging import cache as caches
from topmast_service.staging.manifest_files import PAGE, RECORD, SUMS, TABLE
from topmast_service.store.tables import Table
from topmast_service.workflows.control import products_table

OBSERVATION = {"observations": ["1"]}
OWN = {PAGE, RECORD, SUMS, TABLE}
WHERE = {
    "mast": (f"JWST/jw02736007001_02101_00001_nrca1/{UNCAL}", f"JWST/jw02736007001_01/{MSA}"),
    "flat": (UNCAL, MSA),
    "pipeline": (f"Obs007/uncal/{UNCAL}", f"Obs007/asn/{MSA}"),
    "by_program": (f"02736/obsnum07/{UNCAL}", f"02736/obsnum07/{MSA}"),
}
"""Where the two lie in each layout."""


def box_of(site: Site, done: Job) -> Path:
    return site.api.stores.trees.path("alice", done.id, done.revision or 0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hostile_names_stay_inside_and_clashes_are_told(site: Site, layout: str) -> None:
    done = site.run(OBSERVATION, layout=layout)
    assert (done.phase, done.outcome) == (COMPLETED, "complete")
    box = box_of(site, done)
    sums = subprocess.run(["sha256sum", "--strict", "-c", SUMS], cwd=box, capture_output=True, check=False)
    assert sums.returncode == 0, sums.stderr
    rows = {row["dataURI"].rpartition("/")[2]: row["path"] for row in site.rows(done).values()}
    assert rows.keys() == {I2D, UNCAL, MSA, *HOSTILE}
    assert {*rows.values(), *OWN} == set(inside(box))
    assert (rows[UNCAL], rows[MSA]) == WHERE[layout]
    assert len(sums.stdout.splitlines()) == len(rows) + 3
    everything = {path for path in site.settings.data.rglob("*") if path.name in {"passwd", "-rf"}}
    assert everything == set()
    clashes = [note for note in done.result["notes"] if "the name of another" in note]
    assert [note[:2] for note in clashes] == ["2 " if layout == "flat" else "1 "]  # MANIFEST.HTML is the box's own
    assert rows["h07_i2d.fits"] in clashes[0]
    assert rows["h06_i2d.fits"].endswith("clash_i2d.fits")


def test_a_file_of_a_pipeline_box_is_nobody_elses(site: Site) -> None:
    linked, own = site.run(OBSERVATION), site.run(OBSERVATION, layout="pipeline")
    path = box_of(site, own) / site.rows(own)[UNCAL]["path"]
    other = box_of(site, linked) / site.rows(linked)[UNCAL]["path"]
    before = other.read_bytes()
    assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_nlink) == (0o644, 1)
    assert (stat.S_IMODE(other.stat().st_mode), other.stat().st_nlink) == (0o444, 2)
    with path.open("r+b") as file:  # what fits.open(mode="update") does
        file.write(b"SIMPLE  =                    F")
    assert other.read_bytes() == before != path.read_bytes()


def test_a_disk_that_is_full_shows_nothing_of_a_pipeline_box(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DiskFull

    new = site.resolve(site.bundle(OBSERVATION, layout="pipeline").id)
    site.transfer()
    with monkeypatch.context() as patch:
        patch.setattr(caches, "cloned", lambda *_: False)
        patch.setattr(caches, "require_room", full)
        waiting = site.publish(new.id)
    assert (waiting.phase, waiting.phase_reason) == ("SUSPENDED", "disk_full")
    stage = site.settings.stage
    assert not [path for path in stage.rglob("*") if path.is_file()]
    assert not list((stage / ".building").iterdir())


def test_evicted_after_it_was_published_a_pipeline_box_stays(site: Site) -> None:
    done = site.run(OBSERVATION, layout="pipeline")
    for blob in (site.settings.cache / "blobs").rglob("*"):
        if blob.is_file():
            os.unlink(blob)
    box = box_of(site, done)
    assert subprocess.run(["sha256sum", "--quiet", "-c", SUMS], cwd=box, check=False).returncode == 0
    again = site.run(OBSERVATION, layout="pipeline")
    assert again.outcome == "complete"


def test_a_table_of_an_earlier_release_has_no_paths_and_one_layout(site: Site) -> None:
    new = site.resolve(site.bundle(OBSERVATION).id)
    site.transfer()
    path = products_table(site.settings.tables, new.id)
    told = {row["dataURI"]: row["path"] for row in Table(path).rows("excluded IS NULL")}
    with sqlite3.connect(path) as base:
        base.execute("DROP INDEX by_path")
        base.execute("ALTER TABLE rows DROP COLUMN path")
        base.execute("DELETE FROM columns WHERE name = 'path'")
    base.close()
    done = site.publish(new.id)
    assert {row["dataURI"]: row["path"] for row in site.rows(done).values()} == told
