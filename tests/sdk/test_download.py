"""Downloads: whole and right, or not there at all."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import topmast
from tests.sdk.box import FILES, Box, sha256
from tests.sdk.documents import bundle
from tests.sdk.scripted import KEY, Answer, Hang, Reset, problem, serving
from topmast._fetch import is_right
from topmast._retry import RetryPolicy

BODY = bytes(range(256)) * 40
PATH = "JWST/obs/a.fits"
QUICK = RetryPolicy(base=0.001)


@pytest.fixture
def job(serve):
    """The bundle of a box."""

    def make(box: Box) -> topmast.Bundle:
        _, client, _ = serve(box)
        return topmast.Bundle.from_json(bundle(), client._session)

    return make


def files(root: Path) -> dict[str, bytes]:
    """All that lies below `root`, parts included."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def part_of(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.{sha256(content)[:16]}.part")


def test_the_whole_box_in_its_own_layout(job, tmp_path) -> None:
    box = Box(a=BODY, b=b"", **{"with space%é": b"x"})
    report = job(box).download(tmp_path / "new" / "dir")
    assert files(tmp_path / "new" / "dir") == box.file_map()
    assert (report.ok, len(report.fetched), report.bytes) == (True, 5, len(BODY) + 1 + 10)
    assert all(file.verified for file in report.files)
    assert {file.path: file.sha256 for file in report.files}[PATH] == sha256(BODY)


def test_again_keeps_what_is_right_by_checksum(job, tmp_path) -> None:
    box = Box(a=BODY, b=b"bb")
    job(box).download(tmp_path)
    box.asked.clear()
    (tmp_path / "JWST/obs/b.fits").write_bytes(b"BB")  # right name, right size, wrong bytes
    report = job(box).download(tmp_path)
    assert box.asked == ["JWST/obs/b.fits"]
    assert (len(report.kept), len(report.fetched)) == (3, 1)
    assert (tmp_path / "JWST/obs/b.fits").read_bytes() == b"bb"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(BODY) - 1), min_size=1, max_size=3))
def test_cut_at_any_byte_it_goes_on_there(tmp_path_factory, cuts) -> None:
    root, box = tmp_path_factory.mktemp("box"), Box(a=BODY)
    left = list(cuts)
    box.fault = lambda seen, _count: box.file(PATH, seen, left.pop()) if left and PATH in seen.path else None
    with serving(box) as service, topmast.Client(service.url, KEY, retry=QUICK) as client:
        topmast.Bundle.from_json(bundle(), client._session).download(root)
        starts = [seen.headers.get("range") for seen in service.seen if PATH in seen.path]
    assert files(root) == box.file_map()
    assert starts[0] is None
    assert len(starts) >= 2


def test_only_the_rest_is_fetched_after_a_kill(job, tmp_path) -> None:
    box = Box(a=BODY)
    part_of(tmp_path / PATH, BODY).write_bytes(BODY[:5000])
    served: list[int] = []
    box.fault = lambda seen, _count: served.append(len(box.file(PATH, seen).body)) if PATH in seen.path else None
    report = job(box).download(tmp_path)
    assert served == [len(BODY) - 5000]
    assert report.ok
    assert files(tmp_path) == box.file_map()


def test_a_part_that_is_whole_is_checked_and_not_fetched(job, tmp_path) -> None:
    box = Box(a=BODY)
    part_of(tmp_path / PATH, BODY).write_bytes(BODY)
    job(box).download(tmp_path)
    assert PATH not in box.asked
    assert (tmp_path / PATH).read_bytes() == BODY


@pytest.mark.parametrize("rubbish", [b"?" * 5000, b"?" * len(BODY), b"?" * (len(BODY) + 9)])
def test_a_part_full_of_rubbish_is_fetched_anew(job, tmp_path, rubbish) -> None:
    part_of(tmp_path / PATH, BODY).write_bytes(rubbish)
    job(Box(a=BODY)).download(tmp_path)
    assert (tmp_path / PATH).read_bytes() == BODY


def test_changed_between_two_tries_gives_the_new_file_never_a_mixture(job, tmp_path) -> None:
    """Same name, same size, new bytes: a reprocessed product. Two released clients mixed the two."""
    box, new = Box(a=BODY), BODY[::-1]

    def fault(seen, count):
        if PATH not in seen.path or count > 1:
            return None
        cut = box.file(PATH, seen, 6000)
        box.products[PATH] = new
        return cut

    box.fault = fault
    report = job(box).download(tmp_path)
    assert files(tmp_path) == box.file_map()
    assert (tmp_path / PATH).read_bytes() == new
    assert report.ok


def test_changed_for_ever_is_a_failure_not_a_loop(job, tmp_path) -> None:
    box = Box(a=BODY)
    box.promised[PATH] = sha256(b"other")
    with pytest.raises(topmast.DownloadError, match="has changed"):
        job(box).download(tmp_path)
    assert PATH not in files(tmp_path)


def test_wrong_bytes_are_never_given_the_name(job, tmp_path) -> None:
    box = Box(a=BODY, b=b"fine")
    flipped = BODY[:-1] + b"?"
    box.fault = lambda seen, _count: Answer(200, flipped) if PATH in seen.path else None
    with pytest.raises(topmast.DownloadError, match="SHA-256") as caught:
        job(box).download(tmp_path)
    report = caught.value.report
    assert [file.path for file in report.failed] == [PATH]
    assert len(report.fetched) == 3
    assert not (tmp_path / PATH).exists()
    assert box.asked.count(PATH) == 2


def test_a_bit_flipped_once_is_mended(job, tmp_path) -> None:
    box = Box(a=BODY)
    flipped = BODY[:-1] + b"?"
    box.fault = lambda seen, count: Answer(200, flipped) if PATH in seen.path and count == 1 else None
    assert job(box).download(tmp_path).ok
    assert (tmp_path / PATH).read_bytes() == BODY


def test_what_was_there_stays_when_the_new_one_fails(job, tmp_path) -> None:
    (tmp_path / "JWST/obs").mkdir(parents=True)
    (tmp_path / PATH).write_bytes(b"last year's")
    box = Box(a=BODY)
    box.fault = lambda seen, _count: problem(404, "no_such_file") if PATH in seen.path else None
    report = job(box).download(tmp_path, raise_on_failure=False)
    assert (tmp_path / PATH).read_bytes() == b"last year's"
    assert "no_such_file" in report.failed[0].reason


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(problem(503, "busy"), id="503"),
        pytest.param(Reset(), id="reset"),
        pytest.param(problem(409, "not_ready", headers={"Retry-After": "1"}), id="not ready"),
        pytest.param(Answer(206, b"zz", {"Content-Range": "bytes 7-8/10240"}), id="a range not asked for"),
        pytest.param(Answer(206, b"zz"), id="a range without a range"),
        pytest.param(Answer(416, b""), id="416"),
        pytest.param(Answer(200, BODY[:10]), id="too short, and says so"),
        pytest.param(Answer(200, BODY + b"more"), id="too long"),
    ],
)
def test_a_fault_once_costs_nothing(job, tmp_path, fault) -> None:
    box = Box(a=BODY)
    part_of(tmp_path / PATH, BODY).write_bytes(BODY[:100])
    box.fault = lambda seen, count: fault if PATH in seen.path and count == 1 else None
    assert job(box).download(tmp_path).ok
    assert files(tmp_path) == box.file_map()


def test_faults_end_and_leave_the_half_for_the_next_time(job, tmp_path) -> None:
    box = Box(a=BODY)
    box.fault = lambda seen, count: (
        box.file(PATH, seen, 1000)
        if count == 1 and PATH in seen.path
        else (problem(503, "busy") if PATH in seen.path else None)
    )
    with pytest.raises(topmast.DownloadError):
        job(box).download(tmp_path)
    assert not (tmp_path / PATH).exists()
    assert part_of(tmp_path / PATH, BODY).read_bytes() == BODY[:1000]
    box.fault = lambda _seen, _count: None
    assert job(box).download(tmp_path).ok
    assert files(tmp_path) == box.file_map()


def test_killed_in_the_middle_nothing_half_is_visible_and_the_next_run_goes_on(tmp_path) -> None:
    box = Box(a=BODY)
    box.fault = lambda seen, count: (
        replace(box.file(PATH, seen, 6000), hold=True) if PATH in seen.path and count == 1 else None
    )
    code = "import sys, topmast; topmast.Client().bundles.get('b_1').download(sys.argv[1])"
    part = part_of(tmp_path / PATH, BODY)
    with serving(box) as service:
        environ = {**os.environ, "TOPMAST_URL": service.url, "TOPMAST_API_KEY": KEY}
        command = [sys.executable, "-c", code, str(tmp_path)]
        with subprocess.Popen(command, env=environ) as victim:
            while victim.poll() is None and not (part.exists() and part.stat().st_size == 6000):
                time.sleep(0.01)
            victim.kill()
        assert victim.returncode == -9
        assert not (tmp_path / PATH).exists()
        subprocess.run(command, env=environ, check=True, timeout=30)
        again = next(seen for seen in reversed(service.seen) if PATH in seen.path)
        assert (again.headers["range"], again.headers["if-range"]) == ("bytes=6000-", f'"{sha256(BODY)}"')
    assert files(tmp_path) == box.file_map()


@pytest.mark.timeout(20)
def test_a_stalled_file_ends_within_the_total_time(tmp_path) -> None:
    box = Box(a=BODY)
    box.fault = lambda seen, _count: Hang() if PATH in seen.path else None
    with serving(box) as service, topmast.Client(service.url, KEY) as client:
        job = topmast.Bundle.from_json(bundle(), client._session)
        report = job.download(tmp_path, timeout=0.5, raise_on_failure=False)
    assert [file.path for file in report.failed] == [PATH]


@pytest.mark.parametrize("path", ["../../evil", "/etc/evil", "a\\b", "a\x1bb", "JWST/../../../evil"])
def test_hostile_paths_are_refused_and_the_rest_arrives(job, tmp_path, path) -> None:
    box = Box(a=BODY)
    box.products[path] = b"evil"
    root = tmp_path / "in" / "here"
    report = job(box).download(root, raise_on_failure=False)
    assert [file.path for file in report.failed] == [path]
    assert "refused" in report.failed[0].reason
    assert files(tmp_path) == {f"in/here/{name}": body for name, body in box.file_map().items() if name != path}


def test_a_planted_link_leads_nothing_out(job, tmp_path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "JWST").mkdir(parents=True)
    outside.mkdir()
    (root / "JWST" / "obs").symlink_to(outside)
    report = job(Box(a=BODY)).download(root, raise_on_failure=False)
    assert list(outside.iterdir()) == []
    assert [file.path for file in report.failed] == [PATH]


def test_a_planted_link_in_the_place_of_a_file_or_part(job, tmp_path) -> None:
    root, victim = tmp_path / "root", tmp_path / "victim"
    victim.write_bytes(b"precious")
    (root / "JWST/obs").mkdir(parents=True)
    (root / PATH).symlink_to(victim)
    assert job(Box(a=BODY)).download(root).ok
    assert (root / PATH).read_bytes() == BODY
    (root / PATH).unlink()
    part_of(root / PATH, BODY).symlink_to(victim)
    report = job(Box(a=BODY)).download(root, raise_on_failure=False)
    assert [file.path for file in report.failed] == [PATH]
    assert victim.read_bytes() == b"precious"


def test_a_part_in_other_hands_is_left_alone(job, tmp_path) -> None:
    part = part_of(tmp_path / PATH, BODY)
    with part.open("w+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        report = job(Box(a=BODY)).download(tmp_path, raise_on_failure=False)
    assert "another download" in report.failed[0].reason
    assert part.read_bytes() == b""


def test_halves_of_older_versions_go_and_other_files_stay(job, tmp_path) -> None:
    old = part_of(tmp_path / PATH, b"older")
    old.write_bytes(b"half")
    near = part_of(tmp_path / "JWST/obs/a.fits.gz", b"other")
    near.write_bytes(b"half")
    job(Box(a=BODY)).download(tmp_path)
    assert not old.exists()
    assert near.exists()


def test_what_the_box_lacks_is_reported_and_no_failure(job, tmp_path) -> None:
    box = Box(a=BODY)
    box.rows = [{"path": "JWST/obs/x.fits", "status": "WITHHELD", "reason": "not_authorized until 2027-03-01"}]
    report = job(box).download(tmp_path)
    assert [row.reason for row in report.missing] == ["not_authorized until 2027-03-01"]
    assert report.ok
    assert "2027-03-01" in report._repr_html_()


def test_a_file_listed_for_several_observations_comes_once(job, tmp_path) -> None:
    box = Box(a=BODY)
    box.rows = box.manifest()
    report = job(box).download(tmp_path)
    assert box.asked.count(PATH) == 1
    assert len(report.files) == 3


def test_tables_listed_without_checksum_are_known_by_their_etag(job, tmp_path) -> None:
    box = Box(a=BODY)
    listed = box.listing()
    box.listing = lambda: [{**entry, "sha256": None, "size": None} for entry in listed]
    assert all(file.verified for file in job(box).download(tmp_path).files)
    assert files(tmp_path) == box.file_map()
    assert len(job(box).download(tmp_path).kept) == 3


def test_a_service_without_checksums_is_believed_and_marked(job, tmp_path) -> None:
    box = Box(a=BODY)
    listed = box.listing()
    box.listing = lambda: [{**entry, "sha256": None} for entry in listed]
    box.fault = lambda seen, _count: Answer(200, b"<html>") if "MANIFEST" in seen.path else None
    report = job(box).download(tmp_path)
    assert [file.path for file in report.files if not file.verified] == ["MANIFEST.HTML"]
    assert files(tmp_path) == box.file_map()


def test_a_service_without_a_listing(job, tmp_path) -> None:
    box = Box(a=BODY)
    script = lambda seen: problem(404, "not_found") if seen.path == FILES else box(seen)  # noqa: E731 - one line
    assert job(script).download(tmp_path).ok
    assert files(tmp_path) == box.products


@pytest.mark.parametrize("status", [401])
def test_a_fault_that_all_files_share_ends_it_early(job, tmp_path, status) -> None:
    box = Box(**{f"f{number}": b"x" for number in range(50)})
    box.fault = lambda _seen, _count: problem(status, "unauthenticated")
    report = job(box).download(tmp_path, max_workers=1, raise_on_failure=False)
    assert len(report.failed) == 52
    assert len(box.asked) == 1
    assert "not tried" in report.failed[-1].reason


def test_a_directory_that_cannot_be_made(job, tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(topmast.ConfigError, match="cannot write"):
        job(Box(a=BODY)).download(tmp_path / "file" / "below")


def test_a_file_where_a_directory_should_be(job, tmp_path) -> None:
    (tmp_path / "JWST").write_bytes(b"mine")
    report = job(Box(a=BODY)).download(tmp_path, raise_on_failure=False)
    assert [file.path for file in report.failed] == [PATH]
    assert (tmp_path / "JWST").read_bytes() == b"mine"


def test_progress_adds_up_also_over_restarts(job, tmp_path) -> None:
    box = Box(a=BODY, b=b"bb")
    box.fault = lambda seen, count: Answer(200, BODY[:50] + b"?" * 300) if PATH in seen.path and count == 1 else None
    told: list[topmast.Progress] = []
    job(box).download(tmp_path, progress=told.append)
    total = len(BODY) + 2 + 10
    assert told[-1] == topmast.Progress("DOWNLOADING", files_done=4, files_total=4, bytes_done=total, bytes_total=total)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
def test_stopped_from_outside_nothing_half_is_visible(job, tmp_path, kind) -> None:
    def stop(_progress: topmast.Progress) -> None:
        raise kind

    box = Box(**{f"f{number}": BODY for number in range(20)})
    with pytest.raises(kind):
        job(box).download(tmp_path, progress=stop, max_workers=2)
    visible = {name: body for name, body in files(tmp_path).items() if not os.path.basename(name).startswith(".")}
    assert all(body == box.file_map()[name] for name, body in visible.items())


def test_workers_are_at_least_one(job, tmp_path) -> None:
    with pytest.raises(topmast.UsageError):
        job(Box(a=BODY)).download(tmp_path, max_workers=0)


def test_right_is_a_regular_file_with_that_content(tmp_path) -> None:
    from topmast._fetch import Wanted

    target = tmp_path / "a"
    wanted = Wanted("a", 2, sha256(b"aa"))
    assert not is_right(target, wanted)
    target.write_bytes(b"aa")
    assert is_right(target, wanted)
    assert not is_right(target, Wanted("a", 2, ""))
    assert not is_right(target, Wanted("a", 3, sha256(b"aa")))
    (tmp_path / "link").symlink_to(target)
    assert not is_right(tmp_path / "link", wanted)
