"""script.sh, run by bash against the API under gunicorn."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.api.site import Site
from tests.scripts.running import FILES, Box, contents, surroundings

pytestmark = pytest.mark.clients

BIG = "JWST/jw01558/jw01558_i2d.fits"


def test_it_fetches_the_box_whatever_the_names_are(box: Box) -> None:
    done = box.run()
    assert done.returncode == 0, done.stderr
    assert box.fetched == contents(box.here)
    assert len(box.fetched) == len(FILES) + 4
    assert not [path for path in box.elsewhere.rglob("*PWNED*") if path.name == "PWNED"]
    assert f"{len(box.fetched)} fetched, 0 kept, 0 not to be had, 0 not tried" in done.stdout
    assert box.key not in done.stdout + done.stderr + box.text("script.sh")


def test_what_is_right_is_kept_and_a_wrong_byte_is_noticed(box: Box) -> None:
    assert box.run("-j", "2").returncode == 0
    wrong = box.elsewhere / box.id / BIG
    flipped = bytearray(FILES[BIG])
    flipped[12_345] ^= 1
    wrong.write_bytes(flipped)
    done = box.run()
    assert done.returncode == 0, done.stderr
    assert f"1 fetched, {len(FILES) + 3} kept" in done.stdout
    assert box.fetched == contents(box.here)


def part_of(box: Box) -> Path | None:
    return next((box.elsewhere / box.id / BIG).parent.glob(".jw01558_i2d.fits.*.part"), None)


def begun(box: Box) -> subprocess.Popen[bytes]:
    """A script whose curl is slow, when the big file has come in part."""
    box.elsewhere.mkdir()
    (box.elsewhere / ".curlrc").write_text("limit-rate = 1M\n")
    script = box.elsewhere / "script.sh"
    script.write_text(box.text("script.sh"))
    process = subprocess.Popen(
        # A test run in the background has Ctrl-C ignored, and hands that down.
        ["env", "--default-signal=INT", "bash", script], cwd=box.elsewhere,
        env=surroundings(box.elsewhere, TOPMAST_API_KEY=box.key),
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 30
    while not ((part := part_of(box)) and part.stat().st_size > 100_000):
        assert time.monotonic() < until
        time.sleep(0.01)
    return process


def test_stopped_by_its_user_it_goes_on_where_it_was(box: Box) -> None:
    process = begun(box)
    os.killpg(process.pid, signal.SIGINT)  # Ctrl-C
    process.wait(20)
    part = part_of(box)
    assert part is not None
    assert BIG not in box.fetched
    (box.elsewhere / ".curlrc").unlink()
    held = part.stat().st_size
    # of this file alone: on a busy machine a small one may have been stopped before its first byte
    looks = f'for word; do [[ $word == *"{part.name}" ]] && wc -c <"$word"; done'
    done, seen = box.watched("-j", "1", does=looks)
    assert done.returncode == 0, done.stderr
    assert box.fetched == contents(box.here)
    assert int(seen.split()[0]) == held > 100_000


def test_a_broken_connection_is_gone_on_with(box: Box) -> None:
    """curl is cut after a second, again and again; each time brings some bytes more."""
    box.elsewhere.mkdir()
    (box.elsewhere / ".curlrc").write_text("limit-rate = 1500K\nmax-time = 1\n")
    done = box.run(TOPMAST_TRIES="2")
    assert done.returncode == 0, done.stderr
    assert box.fetched == contents(box.here)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_alone_its_children_end_and_the_next_run_waits_for_them(box: Box, number: signal.Signals) -> None:
    process = begun(box)
    process.send_signal(number)
    process.wait(20)
    done = box.run()
    assert done.returncode == 0, done.stderr
    assert box.fetched == contents(box.here)


def test_a_part_of_something_else_is_never_glued(box: Box) -> None:
    box.begin(BIG, b"#" * 1000)
    assert box.run().returncode == 0
    assert box.fetched == contents(box.here)


def test_what_changed_on_the_service_is_told_by_name(box: Box) -> None:
    script = box.text("script.sh")
    (box.here / BIG).write_bytes(FILES[BIG][::-1])
    done = box.run(script=script)
    assert done.returncode == 1
    assert f"changed {BIG}: topmast has other bytes" in done.stderr
    assert "1 not to be had" in done.stdout
    assert {**contents(box.here), BIG: b""} == {**box.fetched, BIG: b""}
    assert BIG not in box.fetched


def test_what_is_gone_is_told_by_name_and_the_rest_comes(box: Box) -> None:
    script = box.text("script.sh")
    (box.here / BIG).unlink()
    done = box.run(script=script)
    assert (done.returncode, f"failed {BIG}: it is not there (HTTP 404)" in done.stderr) == (1, True)
    assert box.fetched == contents(box.here)


def test_a_wrong_key_ends_it_soon(box: Box) -> None:
    done = box.run("-j", "1", TOPMAST_API_KEY="wrong")
    assert done.returncode == 1
    assert done.stderr.count("does not accept the key") == 1
    assert f"{len(FILES) + 3} not tried" in done.stdout
    assert box.fetched == {}


def test_where_nobody_answers_it_gives_up(box: Box) -> None:
    done = box.run("-j", "1", script=box.text("script.sh").replace(box.url, "http://127.0.0.1:9"), TOPMAST_TRIES="2")
    assert done.returncode == 1
    assert "no answer in 2 tries (curl 7, HTTP 000)" in done.stderr
    assert f"0 fetched, 0 kept, 1 not to be had, {len(FILES) + 3} not tried" in done.stdout


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        ([], {"TOPMAST_API_KEY": ""}),
        (["-j", "0"], {}),
        (["-x"], {}),
        (["more"], {}),
        (["-d", ""], {}),
        ([], {"TOPMAST_TRIES": "a[$(touch PWNED)]"}),
    ],
)
def test_it_asks_nothing_and_says_what_it_needs(box: Box, words: list[str], environment: dict[str, str]) -> None:
    done = box.run(*words, **environment)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert [p.name for p in box.elsewhere.iterdir()] == ["script.sh"]


def test_a_folder_of_ones_own(box: Box) -> None:
    assert box.run("-d", "-my $(data)/M 57").returncode == 0
    assert contents(box.elsewhere / "-my $(data)/M 57") == contents(box.here)


def test_nothing_shows_the_key(box: Box) -> None:
    done, seen = box.watched(does="tr '\\0' ' ' </proc/$$/cmdline")
    assert done.returncode == 0
    assert BIG in seen
    assert box.key not in seen


def test_half_a_script_does_nothing(box: Box) -> None:
    script = box.text("script.sh")
    for end in (len(script) - 10, script.index("jw01558_i2d"), script.index("fetch_each"), 2000):
        done = box.run(script=script[:end])
        assert done.stderr
        assert done.stdout == ""
        assert not (box.elsewhere / box.id).exists()


def test_it_runs_from_a_pipe_too(box: Box) -> None:
    box.elsewhere.mkdir()
    done = subprocess.run(
        ["bash"], input=box.text("script.sh"), cwd=box.elsewhere, text=True, timeout=60, check=True,
        env=surroundings(box.elsewhere, TOPMAST_API_KEY=box.key), capture_output=True,
    )  # fmt: skip
    assert "0 not to be had" in done.stdout
    assert box.fetched == contents(box.here)


def test_before_and_after_the_box_there_is_no_script(site: Site) -> None:
    ann, bob = site.client(), site.client("bob")
    for phase, status in (("EXECUTING", 409), ("ERROR", 409), ("ARCHIVED", 410)):
        bundle = site.bundle(phase)
        for name in ("script.sh", "urls.txt", "aria2.txt"):
            assert ann.get(f"/v1/bundles/{bundle.id}/{name}").status_code == status
            assert bob.get(f"/v1/bundles/{bundle.id}/{name}").status_code == 404
    assert ann.get(f"/v1/bundles/{site.bundle('ARCHIVED').id}/script.sh?source=mast").status_code == 200
    assert ann.get(f"/v1/bundles/{site.bundle().id}/script.sh?source=mars").status_code == 422
