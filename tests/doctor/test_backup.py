"""Backup of a service in use, restored elsewhere: jobs, rows and files are there, and work goes on."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.live import Up, start_up
from tests.servers_redis import start_redis
from tests.workflows.conftest import Site, write_catalogue
from topmast_service.embedded.backup import LABEL, back_up, restore
from topmast_service.embedded.reasons import CannotRun
from topmast_service.errors import StoreUnavailable
from topmast_service.staging.copying import Copier
from topmast_service.store.connection import connect
from topmast_service.store.jobs import JobStore

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
NAMES = [f"jw02733-o001_t001_nircam_clear-f090w_{n:02}_i2d.fits" for n in range(40)]


def ask(up: Up, path: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(up.endpoint["url"] + path, json.dumps(body).encode() if body else None)
    request.add_header("Authorization", f"Bearer {up.endpoint['api_key']}")
    request.add_header("Content-Type", "application/json")
    with DIRECT.open(request, timeout=60) as answer:
        content = answer.read()
        return json.loads(content) if "json" in answer.headers["Content-Type"] else content


def submit(up: Up, *names: str) -> str:
    body = {"from": {"uris": [f"mast:JWST/product/{name}" for name in names]}}
    return str(ask(up, "/v1/bundles", body)["id"])


def ended(up: Up, job_id: str) -> Any:
    job = ask(up, f"/v1/jobs/{job_id}")
    while job["phase"] not in {"COMPLETED", "ERROR", "ABORTED"}:
        job = ask(up, f"/v1/jobs/{job_id}?wait=20&since={job['version']}")
    return job


def command(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "topmast_service.cli", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(tmp_path_factory.mktemp("catalogue") / "tables")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, catalogue: Path) -> tuple[Path, str, str]:
    """A data folder, backed up while a bundle was done and another on its way; both ids."""
    folder = tmp_path_factory.mktemp("lived")
    up = start_up(folder / "data", "--sandbox", "--catalog", str(catalogue))
    try:
        done = submit(up, *NAMES[:3])
        assert ended(up, done)["outcome"] == "complete"
        under_way = submit(up, *NAMES)
        result = command("backup", str(folder / "data"), str(folder / "backup"))
        assert "of the running service" in result.stdout, result.stderr
    finally:
        assert up.stop() == 0
    return folder, done, under_way


def test_a_restored_service_has_its_jobs_and_files_and_goes_on(
    lived: tuple[Path, str, str], catalogue: Path, tmp_path: Path
) -> None:
    folder, done, under_way = lived
    elsewhere = tmp_path / "elsewhere"
    assert command("restore", str(folder / "backup"), str(elsewhere)).returncode == 0
    up = start_up(elsewhere, "--sandbox", "--catalog", str(catalogue))
    try:
        assert ask(up, f"/v1/jobs/{done}")["phase"] == "COMPLETED"
        rows = ask(up, f"/v1/bundles/{done}/manifest")["items"]
        assert {row["status"] for row in rows} == {"OK"}
        for row in rows:
            got = ask(up, f"/v1/bundles/{done}/files/{row['path']}")
            assert got == next((folder / "data" / "stage").glob(f"*/{done}/1/{row['path']}")).read_bytes()
        assert ended(up, under_way)["outcome"] == "complete"
        looked = command("doctor", "--data", str(elsewhere), "--deep", "--repair", "--json")
        left = [f for f in json.loads(looked.stdout)["findings"] if not f["repaired"] and f["severity"] != "note"]
        assert left == []
    finally:
        assert up.stop() == 0


def test_what_is_staged_and_cached_is_copied_once(lived: tuple[Path, str, str]) -> None:
    folder, done, _ = lived
    staged = next((folder / "backup" / "stage").glob(f"*/{done}/1/JWST/*/*"))
    assert staged.stat().st_nlink > 1
    assert not staged.samefile(next((folder / "data" / "stage").glob(f"*/{done}/1/JWST/*/{staged.name}")))
    assert stat.S_IMODE(staged.stat().st_mode) == 0o444


def test_a_backup_is_private(lived: tuple[Path, str, str]) -> None:
    backup = lived[0] / "backup"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    assert stat.S_IMODE((backup / "secrets" / "api_key").stat().st_mode) == 0o600
    assert not (backup / "endpoint.json").exists()
    assert not list(backup.parent.glob(".backup*"))


def test_a_stopped_service_shared_instead_of_copied(lived: tuple[Path, str, str]) -> None:
    folder, done, _ = lived
    result = command("backup", "--link", str(folder / "data"), str(folder / "shared"))
    assert "of the stopped service" in result.stdout, result.stderr
    staged = next((folder / "shared" / "stage").glob(f"*/{done}/1/JWST/*/*"))
    assert staged.samefile(next((folder / "data" / "stage").glob(f"*/{done}/1/JWST/*/{staged.name}")))
    redis = start_redis(folder / "shared" / "redis", aof=True)
    try:
        with closing(connect(redis.url)) as client:
            assert JobStore(client).get(done).outcome == "complete"
    finally:
        redis.stop()


def test_refusals(lived: tuple[Path, str, str], tmp_path: Path) -> None:
    folder = lived[0]
    assert "exists" in command("backup", str(folder / "data"), str(folder / "backup")).stderr
    assert "lies inside" in command("backup", str(folder / "data"), str(folder / "data" / "b")).stderr
    assert "is no backup" in command("restore", str(folder / "data"), str(tmp_path / "new")).stderr
    assert "exists" in command("restore", str(folder / "backup"), str(folder / "data")).stderr
    label = tmp_path / "later" / LABEL
    label.parent.mkdir()
    label.write_text('{"schema": 2, "version": "9"}')
    with pytest.raises(CannotRun, match=r"made by topmast 9"):
        restore(label.parent, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_without_the_cache_bundles_are_whole(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    done = site.run({"uris": [f"mast:JWST/product/{NAMES[0]}"]})
    target = tmp_path_factory.mktemp("backup") / "b"
    back_up(site.settings, target, cache=False)
    assert next(target.glob(f"stage/alice/{done.id}/1/JWST/*/*")).stat().st_size
    assert not (target / "cache").exists()


def test_a_snapshot_that_is_not_seen_is_told(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    redis, folder = site.api.stores.redis, tmp_path_factory.mktemp("backup")
    usual, elsewhere = redis.config_get("dir")["dir"], tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "dump.rdb" / "in the way").mkdir(parents=True)
    redis.config_set("dir", str(elsewhere))
    try:
        with pytest.raises(StoreUnavailable, match="where it could be seen"):
            back_up(site.settings, folder / "b")
    finally:
        redis.config_set("dir", usual)
    assert list(folder.iterdir()) == []
    back_up(site.settings, folder / "b", records=False)
    assert not (folder / "b" / "redis").exists()


def test_a_bundle_removed_meanwhile_is_left_out_whole(
    site: Site, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = site.run({"uris": [f"mast:JWST/product/{name}" for name in NAMES[:5]]})
    copy_file = Copier.file

    def remove_first(self: Copier, source: Path, target: Path) -> None:
        copy_file(self, source, target)
        if done.id in source.parts:
            site.api.stores.trees.remove(done.owner, done.id)

    monkeypatch.setattr(Copier, "file", remove_first)
    target = tmp_path_factory.mktemp("backup") / "b"
    back_up(site.settings, target)
    assert not list(target.glob("stage/alice/*/*"))
    assert len(list(target.glob("cache/blobs/*/*"))) == 5
