"""Downloads that begin before the bundle is published: nothing twice, nothing of another version, nothing lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import topmast
from tests.sdk.box import Box, sha256
from tests.sdk.documents import bundle, job
from tests.sdk.scripted import Answer, Hang, Reset, Seen, problem
from topmast._arrivals import AT_ONCE

PATH, LATE = "JWST/obs/a.fits", "JWST/obs/b.fits"
MADE = {"files_total": 2, "bytes_total": 100, "files_done": 1}


class Making(Box):
    """A bundle that is published once `ready` says so; until then `arrived` is what can be fetched."""

    def __init__(self, ready: Callable[[Making], bool], **files: bytes) -> None:
        super().__init__(**files)
        self.ready = ready
        self.arrived = [PATH]
        self.ends = "COMPLETED"
        self.told: list[tuple[int, bool]] = []

    def __call__(self, seen: Seen) -> Answer | Reset | Hang:
        done = self.ready(self)
        if seen.path.endswith("/arrivals"):
            return self.arrivals(int(seen.value("after") or 0), done)
        if seen.path == "/v1/jobs/b_1":
            return Answer(body=job("b_1", self.ends if done else "EXECUTING", progress=MADE))
        if not done and ("/manifest" in seen.path or seen.path.endswith("/files/")):
            return problem(409, "not_ready")
        return super().__call__(seen)

    def arrivals(self, after: int, done: bool) -> Answer:
        rows = [] if done else [row for row in self.manifest() if row["path"] in self.arrived][after:][:AT_ONCE]
        self.told.append((after, done))
        return Answer(body={"items": rows, "next": after + len(rows), "final": done})


def under_way(client: topmast.Client) -> topmast.Bundle:
    return topmast.Bundle.from_json(job("b_1", "EXECUTING", progress=MADE), client._session)


def fetched(box: Making) -> bool:
    return PATH in box.asked


def content(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_what_has_arrived_is_fetched_once_and_the_rest_afterwards(serve, tmp_path) -> None:
    box = Making(fetched, a=b"first", b=b"second")  # published only when the first was fetched
    _, client, _ = serve(box)
    told: list[topmast.Progress] = []
    report = under_way(client).download(tmp_path, progress=told.append)
    assert content(tmp_path) == box.file_map()
    assert (len(report.fetched), len(report.kept), report.ok) == (4, 0, True)
    assert sorted(box.asked) == sorted([PATH, LATE, *box.extras])
    assert (told[-1].files_done, told[-1].files_total, told[-1].bytes_done) == (4, 4, 21)
    assert next(one.files_total for one in told if one.activity == "DOWNLOADING") == 2
    assert max(one.fraction or 0 for one in told) == 1


def test_a_file_that_changed_since_it_arrived_is_fetched_anew(serve, tmp_path) -> None:
    box = Making(lambda box: fetched(box) and box.promised.clear() is None, a=b"reprocessed")
    box.promised[PATH] = sha256(b"old bytes")
    box.fault = lambda seen, count: (
        Answer(200, b"old bytes", {"ETag": f'"{sha256(b"old bytes")}"'}) if count == 1 and PATH in seen.path else None
    )
    listed = box.manifest
    box.manifest = lambda: [row | ({"size": 9} if box.promised else {}) for row in listed()]
    _, client, _ = serve(box)
    report = under_way(client).download(tmp_path)
    assert (tmp_path / PATH).read_bytes() == b"reprocessed"
    assert {file.path: file.sha256 for file in report.files}[PATH] == sha256(b"reprocessed")
    assert box.asked.count(PATH) == 2


@pytest.mark.parametrize(("phase", "error"), [("ERROR", topmast.JobFailed), ("ABORTED", topmast.JobAborted)])
def test_a_bundle_that_ends_badly_raises_and_what_came_is_kept(serve, tmp_path, phase, error) -> None:
    box = Making(lambda _: (tmp_path / PATH).exists(), a=b"first", b=b"second")
    box.ends = phase
    _, client, _ = serve(box)
    with pytest.raises(error):
        under_way(client).download(tmp_path)
    assert content(tmp_path) == {PATH: b"first"}


@pytest.mark.parametrize(
    "answer",
    [problem(404, "not_found"), problem(503, "busy"), Answer(200, b"<html>"), Answer(body={"items": 3}), Reset()],
    ids=["an older service", "busy", "a proxy's page", "no list", "reset"],
)
def test_without_arrivals_the_box_is_fetched_in_the_end(serve, tmp_path, answer) -> None:
    polls: list[str] = []
    box = Making(lambda _: len(polls) > 3, a=b"first", b=b"second")

    def script(seen: Seen):
        polls.append(seen.path)
        return answer if seen.path.endswith("/arrivals") else box(seen)

    _, client, _ = serve(script)
    assert under_way(client).download(tmp_path).ok
    assert content(tmp_path) == box.file_map()


def test_a_file_that_would_not_come_early_comes_in_the_end(serve, tmp_path) -> None:
    box = Making(fetched, a=b"first", b=b"second")
    box.fault = lambda seen, count: problem(404, "no_such_file") if count == 1 and PATH in seen.path else None
    _, client, _ = serve(box)
    assert under_way(client).download(tmp_path).ok
    assert content(tmp_path) == box.file_map()


def test_a_list_that_began_anew_is_read_from_where_it_is(serve, tmp_path) -> None:
    box = Making(lambda box: len(box.told) > 2, a=b"first", b=b"second")
    box.arrivals = lambda after, done: (
        box.told.append((after, done)) or Answer(body={"items": [], "next": 0 if after else 5, "final": done})
    )
    _, client, _ = serve(box)
    assert under_way(client).download(tmp_path).ok
    assert [after for after, _ in box.told][:3] == [0, 5, 0]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
def test_stopped_from_outside_it_ends_and_the_bundle_goes_on(serve, tmp_path, kind) -> None:
    def stop(now: topmast.Progress) -> None:
        if now.activity == "DOWNLOADING":
            raise kind

    _, client, _ = serve(Making(lambda _: False, a=b"first"))
    with pytest.raises(kind):
        under_way(client).download(tmp_path, progress=stop)


def test_the_time_to_wait_counts_for_all_of_it(serve, tmp_path, monkeypatch) -> None:
    box = Making(lambda _: False, a=b"first")
    _, client, clock = serve(box)
    passes = clock.sleep

    def pause(seconds: float, until: threading.Event | None = None) -> None:
        """The clock here needs no time, a file does: what was told of comes before time goes on."""
        until_real = time.monotonic() + 30
        while box.told and not (tmp_path / PATH).exists() and time.monotonic() < until_real:
            time.sleep(0.01)
        passes(seconds, until)

    monkeypatch.setattr(clock, "sleep", pause)
    with pytest.raises(topmast.WaitTimeout):
        under_way(client).download(tmp_path, timeout=0.5)
    assert (tmp_path / PATH).read_bytes() == b"first"


def test_while_it_is_retried_the_revision_before_is_fetched(serve, tmp_path) -> None:
    box = Box(a=b"first")
    service, client, _ = serve(box)
    retried = topmast.Bundle.from_json(bundle(phase="EXECUTING"), client._session)
    assert retried.download(tmp_path).ok
    assert not [path for path in service.paths() if "arrivals" in path or "jobs" in path]
