"""The mission search: all rows, however they come; errors that say whose fault it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.programs.conftest import Site
from topmast_service.archive.missions import Missions
from topmast_service.errors import RejectedByArchive, UpstreamDown

NAMES = [f"jw01558001001_02101_{n:05}" for n in range(23)]
INFO = [{"name": "fileSetName", "type": "VARCHAR(255)"}, {"name": "duration", "type": "FLOAT"}]

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def page(asked: dict[str, Any], cap: int = 10**6) -> dict[str, Any]:
    """An answer as MAST gives it, with at most `cap` rows."""
    start, stop = asked["offset"], asked["offset"] + min(asked["limit"], cap)
    rows = [{"fileSetName": name, "duration": -999} for name in NAMES[start:stop]]
    return {"messages": [], "info": INFO, "totalResults": len(NAMES), "results": rows}


@dataclass
class Script:
    """What is answered to each search, and what was asked."""

    answer: Answer = page
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    """Answers `Script`."""

    script: Script

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.script.asked.append(asked)
        body = json.dumps(self.script.answer(asked)).encode()
        self.send_response(self.script.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def script() -> Iterator[Script]:
    found = Script()
    handler = type("Scripted", (Handler,), {"script": found})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        server.shutdown()


def names(script: Script, page_rows: int = 5) -> list[str]:
    with closing(Missions(script.url, 5)) as search:
        return [row["fileSetName"] for row in search.rows({"program": "1558"}, ["duration"], page_rows)]


@pytest.mark.parametrize(
    "answer",
    [
        page,
        lambda asked: page(asked, cap=3),
        lambda asked: {**page(asked), "totalResults": None},
        lambda asked: {**page(asked), "results": [[*row.values()] for row in page(asked)["results"]]},
        lambda asked: {**page(asked), "info": []},
    ],
    ids=["as documented", "smaller pages than asked for", "not counted", "rows as lists", "no description"],
)
def test_all_pages_are_read_however_the_rows_come(script: Script, answer: Answer) -> None:
    script.answer = answer
    assert names(script) == NAMES
    assert all(a["select_cols"] == ["duration", "fileSetName"] for a in script.asked)
    assert all(a["conditions"] == [{"program": "1558"}] for a in script.asked)


def test_a_real_minus_999_is_not_masked(script: Script) -> None:
    with closing(Missions(script.url, 5)) as search:
        assert next(search.rows({"program": "1558"}, ["duration"]))["duration"] == -999


def test_nothing_is_asked_for_again_before_it_is_believed(script: Script) -> None:
    def busy_once(asked: dict[str, Any]) -> dict[str, Any]:
        return page(asked) if len(script.asked) > 1 else {"info": INFO, "totalResults": 0, "results": []}

    script.answer = busy_once
    assert names(script, 100) == NAMES


@pytest.mark.parametrize(
    "answer",
    [
        lambda asked: {**page(asked), "totalResults": 24},
        lambda asked: {"detail": "Internal Server Error"},
        lambda asked: {**page(asked), "results": None},
    ],
    ids=["fewer rows than announced", "no rows", "null"],
)
def test_what_is_no_answer_is_not_taken_for_one(script: Script, answer: Answer) -> None:
    script.answer = answer
    with pytest.raises(UpstreamDown):
        names(script)


@pytest.mark.parametrize(("status", "error"), [(500, UpstreamDown), (503, UpstreamDown), (400, RejectedByArchive)])
def test_whose_fault_it_is(script: Script, status: int, error: type[Exception]) -> None:
    script.status, script.answer = status, lambda asked: {"detail": "unknown column 'durtion'"}
    with pytest.raises(error) as told:
        names(script)
    assert (status == 400) == ("unknown column 'durtion'" in str(told.value))


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "html"},
        {"fault": "empty"},
        {"fault": "cut", "at": 200},
        {"fault": "hang", "seconds": 30},
        {"fault": "stall", "at": 200, "seconds": 30},
        {"fault": "drip", "at": 0, "bytes_per_second": 100},
        {"fault": "redirect", "to": "other"},
    ],
    ids=lambda fault: str(fault["fault"]),
)
def test_every_wait_ends(site: Site, fault: dict[str, object]) -> None:
    for service, act in (
        ("jwst/search", lambda search: list(search.rows({"program": "2733"}, ["duration"]))),
        ("column_list", Missions.columns),
    ):
        site.sandbox.post("faults", rules=[{"service": service, **fault}])
        with closing(Missions(site.settings.mast_url, 0.5)) as search, pytest.raises(UpstreamDown):
            act(search)


def test_one_object_for_each_job_is_right_in_many_threads(script: Script) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert all(found == NAMES for found in threads.map(lambda _: names(script), range(16)))
