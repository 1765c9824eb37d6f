"""What the doctor finds, what it repairs, and what it leaves in peace."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.cli import cli
from topmast_service.domain.job import Job
from topmast_service.staging.cache import Cache
from topmast_service.staging.version import Origin
from topmast_service.workflows.doctor.examine import Report
from topmast_service.workflows.doctor.finding import KINDS

NAMES = [f"jw02733-o001_t001_nircam_clear-f090w_{n:02}_i2d.fits" for n in range(4)]
URIS = {"uris": [f"mast:JWST/product/{name}" for name in NAMES]}
MEMORY_ONLY = {"redis_not_durable"}  # what the tests' Redis is guilty of

HALF = b"half" * 50_000
"""Enough of a file that it is worth going on with; less is not remembered."""


def examined(site: Site, *, deep: bool = False, repair: bool = False) -> Report:
    return container.for_doctor(site.settings).examine(deep=deep, repair=repair, pause=lambda _: None)


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings} - MEMORY_ONLY


@pytest.fixture
def done(site: Site) -> Job:
    """A search and a published bundle of four files, tidied after."""
    site.search(target="m57 r=1m")
    ended = site.run(URIS)
    site.upkeep()
    return ended


def box(site: Site, done: Job) -> Path:
    return site.settings.stage / done.owner / done.id / "1"


def staged(site: Site, done: Job) -> Path:
    return sorted(box(site, done).glob("JWST/*/*"))[0]


def blob(site: Site) -> Path:
    return sorted((site.settings.cache / "blobs").glob("*/*"))[0]


def index_file(site: Site) -> Path:
    return sorted((site.settings.cache / "index").glob("*/*.json"))[0]


def alter(path: Path) -> None:
    """Other bytes of the same length, as a disk or root may make them."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(3000)
        file.write(b"!")
    path.chmod(0o444)


def replaced(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)
    path.chmod(0o444)


def test_a_healthy_site_is_well(site: Site, done: Job) -> None:
    report = examined(site, deep=True)
    assert codes(report) == set()
    assert report.complete


Damage = Callable[[Site, Job], object]


def share_writable(site: Site, done: Job) -> None:
    replaced(path := staged(site, done), path.read_bytes())
    path.chmod(0o664)


def leave_a_table(site: Site, done: Job) -> None:
    path = site.settings.tables / ".s_1.sqlite.writing"
    path.touch()
    os.utime(path, (1, 1))


def show_a_key(site: Site, done: Job) -> None:
    path = site.settings.data / "secrets" / "api_key"
    path.parent.mkdir(0o700)
    path.write_text("k")
    path.chmod(0o644)


REPAIRABLE: dict[str, Damage] = {
    "bundle_missing": lambda site, done: shutil.rmtree(box(site, done)),
    "bundle_file_missing": lambda site, done: staged(site, done).unlink(),
    "bundle_file_wrong": lambda site, done: replaced(staged(site, done), b"short"),
    "bundle_file_writable": share_writable,
    "tree_unrecorded": lambda site, done: (site.settings.stage / "bob" / "b_1" / "1").mkdir(parents=True),
    "stage_writable": lambda site, done: staged(site, done).parent.chmod(0o775),
    "table_unrecorded": lambda site, done: shutil.copy(
        site.settings.tables / f"{done.id}.products.sqlite", site.settings.tables / "b_1.products.sqlite"
    ),
    "table_unfinished": leave_a_table,
    "job_unlisted": lambda site, done: site.api.stores.redis.delete("topmast:jobs:alice"),
    "job_gone": lambda site, done: site.api.stores.redis.sadd("topmast:open", "b_1"),
    "work_of_dead_job": lambda site, done: site.api.stores.redis.zadd(f"topmast:todo:{done.id}", {"1:5": 0}),
    "blob_writable": lambda site, done: blob(site).chmod(0o644),
    "index_unreadable": lambda site, done: index_file(site).write_text("{"),
    "secret_readable": show_a_key,
}


@pytest.mark.parametrize("code", REPAIRABLE)
def test_found_and_repaired(site: Site, done: Job, code: str) -> None:
    before = {p.name: p.read_bytes() for p in box(site, done).glob("JWST/*/*")}
    REPAIRABLE[code](site, done)
    assert code in codes(examined(site))
    report = examined(site, repair=True)
    assert code in {finding.code for finding in report.repaired}
    left = examined(site, deep=True)
    assert {f.code for f in left.findings if f.kind.severity != "note"} == MEMORY_ONLY
    assert {p.name: p.read_bytes() for p in box(site, done).glob("JWST/*/*")} == before
    pages = {"MANIFEST.HTML", "manifest.json", "manifest.csv", "sha256sums.txt"}
    assert {p.name for p in box(site, done).iterdir()} == {"JWST", *pages}


def test_the_table_of_what_was_left_out_belongs_to_a_box_that_has_one(site: Site, done: Job) -> None:
    chosen = site.run({"observations": ["1"]})
    pages = {p.name: p.read_bytes() for p in box(site, chosen).iterdir() if p.is_file()}
    assert "excluded.csv" in pages
    assert codes(examined(site)) == set()
    (box(site, chosen) / "excluded.csv").unlink()
    assert codes(examined(site, repair=True)) == {"bundle_file_missing"}
    assert codes(examined(site, deep=True)) == set()
    again = {p.name: p.read_bytes() for p in box(site, chosen).iterdir() if p.is_file()}
    assert again.keys() == pages.keys()
    assert again["excluded.csv"] == pages["excluded.csv"]
    assert (
        json.loads(again["manifest.json"])["citation"].keys() == json.loads(pages["manifest.json"])["citation"].keys()
    )


def test_a_bad_disk_block_is_found_by_a_deep_look_only(site: Site, done: Job) -> None:
    alter(blob(site))
    assert codes(examined(site)) == set()
    report = examined(site, deep=True, repair=True)
    assert codes(report) == {"blob_wrong_hash", "bundle_file_wrong"}
    assert [finding.code for finding in report.repaired] == ["blob_wrong_hash"]
    assert report.status == 1  # the staged file has no good copy: its user must ask again
    again = site.run(URIS)
    assert again.result["counts"]["fetched"] == 1
    site.upkeep()
    assert "bundle_file_wrong" not in {
        f.code for f in examined(site, deep=True, repair=True).findings if f.mend is None
    }
    assert codes(examined(site, deep=True)) == set()


def test_a_cut_blob_is_fetched_again(site: Site, done: Job) -> None:
    site.api.stores.trees.remove(done.owner, done.id)
    blob(site).chmod(0o644)
    os.truncate(blob(site), 100)
    blob(site).chmod(0o444)
    assert "blob_wrong_size" in codes(examined(site, repair=True))
    assert site.run(URIS).result["counts"]["fetched"] == 1


@pytest.mark.parametrize(
    ("code", "damage"),
    [
        ("table_missing", lambda path: path.unlink()),
        ("table_unreadable", lambda path: replaced(path, b"SQLite format 3\0 no more")),
    ],
)
def test_lost_tables_are_told(site: Site, done: Job, code: str, damage: Callable[[Path], None]) -> None:
    damage(site.settings.tables / f"{done.id}.1.manifest.sqlite")
    report = examined(site, repair=True)
    assert codes(report) == {code}
    assert report.status == 1


def test_a_damaged_page_of_a_table_needs_a_deep_look(site: Site, done: Job) -> None:
    path = site.settings.tables / f"{done.id}.products.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE more (x)")
        base.executemany("INSERT INTO more VALUES (?)", [("x" * 1000,)] * 100)
        base.commit()
        page = base.execute("SELECT rootpage FROM sqlite_master WHERE name = 'more'").fetchone()[0]
        size = base.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)
    assert codes(examined(site)) == set()
    assert codes(examined(site, deep=True)) == {"table_unreadable"}


def test_unreadable_and_newer_records_are_told_and_their_files_kept(site: Site, done: Job) -> None:
    redis = site.api.stores.redis
    record = json.loads(redis.get(f"topmast:job:{done.id}"))
    redis.set(f"topmast:job:{done.id}", json.dumps(record | {"schema": 99}))
    redis.set("topmast:job:b_2", "{")
    report = examined(site, repair=True)
    assert {f.subject for f in report.findings if f.code == "record_unreadable"} == {done.id, "b_2"}
    assert staged(site, done).exists()


def test_an_empty_redis_is_no_reason_to_remove_anything(site: Site, done: Job) -> None:
    site.api.stores.redis.flushall()
    report = examined(site, repair=True)
    assert codes(report) == {"records_lost"}
    assert report.repaired == []
    assert staged(site, done).exists()


def test_somebodys_own_file_in_a_bundle_is_told_and_left(site: Site, done: Job) -> None:
    mine = staged(site, done).with_name("my_notes.txt")
    mine.write_text("hello")
    assert codes(examined(site, repair=True)) == {"bundle_file_extra"}
    assert mine.exists()


def test_transfers_left_behind(site: Site) -> None:
    live = site.bundle(URIS)
    site.resolve(live.id)
    cache = Cache(site.settings.cache)
    for uri in (URIS["uris"][0], "mast:HLSP/nobody.fits"):
        with cache.open_part(uri, wait=0) as part:
            part.restart(Origin(total=10**6))
            part.append(HALF)
    with cache.open_part("mast:HLSP/busy.fits", wait=0) as part:
        part.restart(Origin(total=10**6))
        part.append(HALF)
        report = examined(site, repair=True)
        assert part.size == len(HALF)
    assert {f.subject for f in report.findings if f.code == "part_abandoned"} == {"mast:HLSP/nobody.fits"}
    assert len(list((site.settings.cache / "parts").glob("*.part"))) == 2


def test_no_false_alarm_while_bundles_come_and_go(site: Site) -> None:
    stop, failed = threading.Event(), []

    def work() -> None:
        try:
            while not stop.is_set():
                ended = site.run(URIS)
                site.upkeep()
                site.api.control.delete(site.alice, ended.id)
        except Exception as error:  # told by the assertion below
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    doctor = container.for_doctor(site.settings)
    try:
        found = [doctor.examine(deep=True, pause=lambda _: stop.wait(0.7)).findings for _ in range(5)]
    finally:
        stop.set()
        thread.join()
    assert not failed
    assert {f.code for findings in found for f in findings if f.kind.severity != "note"} == MEMORY_ONLY


def test_a_floor_that_is_reached_is_told(site: Site, done: Job) -> None:
    site.settings = replace(site.settings, keep_free_bytes=1 << 60, cache_high_bytes=1)
    assert codes(examined(site)) == {"disk_low", "cache_over_high"}


def doctor(site: Site, *words: str, **env: str) -> Result:
    given = {"TOPMAST_DATA": str(site.settings.data), "TOPMAST_REDIS_URL": site.settings.redis_url}
    return CliRunner().invoke(cli, ["doctor", *words], env={**given, **env})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topmast_service.workflows.doctor.examine.SECOND_LOOK", 0.0)


@pytest.mark.usefixtures("impatient")
def test_the_command_tells_once_what_each_code_means(site: Site, done: Job) -> None:
    for path in box(site, done).glob("JWST/*/*"):
        path.unlink()
    result = doctor(site)
    assert result.exit_code == 1
    assert result.output.count("error   bundle_file_missing  alice/") == 4
    assert result.output.count(KINDS["bundle_file_missing"].means) == 1
    document = json.loads(doctor(site, "--repair", "--json").output)
    told = [f for f in document["findings"] if f["code"] == "bundle_file_missing"]
    assert [f["repaired"] for f in told] == [True] * 4
    assert document["complete"]


@pytest.mark.usefixtures("impatient")
def test_without_redis_the_disk_is_looked_at_and_the_status_is_2(site: Site, done: Job, tmp_path: Path) -> None:
    blob(site).chmod(0o644)
    result = doctor(site, "--json", TOPMAST_REDIS_URL=f"unix://{tmp_path}/nothing")
    assert result.exit_code == 2
    document = json.loads(result.output)
    assert [f["code"] for f in document["findings"]] == ["redis_unreachable", "blob_writable"]


def test_no_folder_is_no_site(site: Site) -> None:
    result = doctor(site, TOPMAST_DATA="/nowhere/at/all")
    assert "There is no folder" in str(result.exception)


def test_every_code_is_explained_in_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    for code, kind in KINDS.items():
        assert f"| `{code}` ({kind.severity}) | {kind.means} | {kind.repair} |" in manual


def test_a_picture_that_no_record_promises_is_removed(site: Site) -> None:
    picture = site.settings.tables / "s_0123456789abcdef.0.sky.png"
    site.run({"observations": ["1"]})
    picture.write_bytes(b"\x89PNG")
    report = examined(site, repair=True)
    assert [f.code for f in report.findings if f.subject == picture.name] == ["table_unrecorded"]
    assert not picture.exists()
