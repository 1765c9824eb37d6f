"""The main job: find observations, choose products, have them staged, be told, fetch them."""

from __future__ import annotations

import ftplib
import hashlib
import json
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

import topmast
from tests.end_to_end.conftest import Live
from tests.end_to_end.mails import WITHIN, mails_about
from tests.live import start_up, until_none


def test_from_a_search_to_verified_files_by_http_and_ftps(live: Live, tmp_path: Path) -> None:
    search = live.client.search("283.396 33.029 r=1m", mission="JWST", instrument_name="MIRI*", timeout=WITHIN)
    assert search.count == 4
    assert {row["access"] for row in search.rows()} == {"public", "exclusive", "planned"}
    job = live.client.bundle(search, sub_groups=["I2D"], notify=["alice@example.org"]).wait(timeout=WITHIN)
    assert (job.phase, job.outcome) == ("COMPLETED", "partial")
    report = job.download(tmp_path / "http")
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "http").rglob("*.fits")}
    rows = {row.productFilename: row for row in job.manifest()}
    assert sums == {name: row.sha256 for name, row in rows.items() if row.status == "OK"}
    assert len(sums) == 2
    assert report is not None
    assert rows["jw01558-o002_t001_miri_f770w_i2d.fits"].reason.startswith("not_authorized until 2050")
    assert by_ftps(live, job.id, rows.values()) == sums


def by_ftps(live: Live, job_id: str, rows: object) -> dict[str, str]:
    """The SHA-256 of every file of the box, as FTPS gives it."""
    told = live.up.endpoint["ftps"]
    found = {}
    with ftplib.FTP_TLS(context=ssl.create_default_context(cafile=told["ca_file"]), timeout=20) as ftps:
        ftps.connect(told["host"], told["port"])
        ftps.login(told["user"], live.up.endpoint["api_key"])
        ftps.prot_p()
        for row in rows:  # type: ignore[attr-defined]
            if row.status == "OK":
                digest = hashlib.sha256()
                ftps.retrbinary(f"RETR /{job_id}/{row.path}", digest.update)
                found[row.productFilename] = digest.hexdigest()
    return found


def test_whoever_asked_is_told_at_the_start_and_at_the_end(live: Live) -> None:
    job = live.client.bundle(["1", "3"], notify=["alice@example.org"], label="ring").wait(timeout=WITHIN)
    received, ready = mails_about(live, job.id, 2)
    assert received["To"] == ready["To"] == "alice@example.org"
    text = ready.get_payload()[0].get_payload(decode=True).decode() if ready.is_multipart() else ready.get_payload()
    for needed in ("lftp", "curl", "wget", "not_authorized", "sha256sum", job.id):
        assert needed in text
    assert live.up.endpoint["api_key"] not in ready.as_string()


def command_line(live: Live, home: Path, *args: str) -> str:
    """What ``topmast ARGS`` prints; fails unless it exits 0."""
    env = {"TOPMAST_URL": live.up.endpoint["url"], "TOPMAST_API_KEY": live.up.endpoint["api_key"], "HOME": str(home)}
    command = [sys.executable, "-m", "topmast.cli", *args]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_does_it_in_two_lines(live: Live, tmp_path: Path) -> None:
    found = json.loads(command_line(live, tmp_path, "search", "283.396 33.029 r=1m", "--json"))
    box = tmp_path / "box"
    command_line(live, tmp_path, "bundle", found["search"]["id"], "--sub-group", "CAL", "--download", str(box))
    folder = next(box.rglob("sha256sums.txt")).parent
    checked = subprocess.run(["sha256sum", "--quiet", "-c", "sha256sums.txt"], cwd=folder, check=False)
    assert checked.returncode == 0


def stranger(client: topmast.Client) -> topmast.Client:
    """Somebody with a key that opens nothing."""
    return topmast.Client(client.url, "tm_wrong_key")


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        (lambda c: c.search(instrument="MIRI"), topmast.Invalid, "unknown_column"),
        (lambda c: c.search("m57 r=1"), topmast.Invalid, "bad_target"),
        (lambda c: c.bundle([]), topmast.UsageError, None),
        (lambda c: c.bundle(["mast:GALEX/x.fits"]), topmast.Invalid, "foreign_uri"),
        (lambda c: c.jobs.get("b_0000000000000000"), topmast.NotFound, "unknown_job"),
        (lambda c: stranger(c).jobs.get("b_0000000000000000"), topmast.NotAuthenticated, "unauthenticated"),
    ],
)
def test_bad_input_is_told_with_a_code_and_one_thing_to_try(
    live: Live, call: object, error: type, code: str | None
) -> None:
    with pytest.raises(error) as told:
        call(live.client)  # type: ignore[operator]
    if code:
        assert told.value.code == code
        assert told.value.hint


def test_a_second_up_finds_what_the_first_left(tmp_path: Path, catalogue: Path) -> None:
    first = start_up(tmp_path / "d", "--sandbox", "--catalog", str(catalogue))
    with topmast.Client(first.endpoint["url"], first.endpoint["api_key"]) as client:
        job = client.bundle(["1"]).wait(timeout=WITHIN)
    everything = first.everything
    assert first.stop() == 0
    assert until_none(everything) == set()
    again = start_up(tmp_path / "d", "--sandbox", "--catalog", str(catalogue))
    try:
        with topmast.Client(again.endpoint["url"], again.endpoint["api_key"]) as client:
            found = client.jobs.get(job.id)
            assert found.phase == "COMPLETED"
            found.download(tmp_path / "out")
        assert len(list((tmp_path / "out").rglob("*_i2d.fits"))) == 1
    finally:
        again.stop()
