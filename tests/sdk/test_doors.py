"""Links, scripts, lists, and one observation in one call."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import topmast
from tests.sdk.conftest import Serve
from tests.sdk.documents import bundle
from tests.sdk.scripted import Answer, Reset, Seen, in_turn, problem

LINKS, SCRIPT, URLS = "/v1/bundles/b_1/links", "/v1/bundles/b_1/script.sh", "/v1/bundles/b_1/urls.txt"
MRP, ARCHIVE = "/v1/observations/jw01558-o001_t001_miri_f1000w/mrp.zip", "/v1/bundles/b_1/archive.zip"


def box(client: topmast.Client) -> topmast.Bundle:
    return topmast.Bundle.from_json(bundle(), client._session)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({}, {}),
        ({"path": "JWST/a b.fits"}, {"path": "JWST/a b.fits"}),
        ({"archive": "zip"}, {"archive": "zip"}),
        (
            {"until": dt.datetime(2026, 7, 8, 14, tzinfo=dt.timezone(dt.timedelta(hours=2)))},
            {"until": "2026-07-08T12:00:00Z"},
        ),
    ],
)
def test_a_link_is_an_address(serve: Serve, asked: dict[str, Any], sent: dict[str, Any]) -> None:
    service, client, _ = serve(lambda _: Answer(201, {"url": "https://t.example.org/d/x/", "until": "", "path": ""}))
    assert box(client).link(**asked) == "https://t.example.org/d/x/"
    assert (service.seen[0].method, service.seen[0].path, service.seen[0].json) == ("POST", LINKS, sent)


def test_what_is_no_link_is_told(serve: Serve) -> None:
    _, client, _ = serve(lambda _: Answer(201, {"path": ""}))
    with pytest.raises(topmast.BadAnswer):
        box(client).link()


def test_until_may_be_a_while(serve: Serve) -> None:
    service, client, _ = serve(lambda _: Answer(201, {"url": "u"}))
    before = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    box(client).link(until=dt.timedelta(days=2))
    assert abs(dt.datetime.fromisoformat(service.seen[0].json["until"]) - before) < dt.timedelta(minutes=1)


def test_a_script_is_text_and_may_be_written(serve: Serve, tmp_path: Path) -> None:
    service, client, _ = serve(lambda _: Answer(200, "#!/bin/bash\n# μ\n".encode()))
    assert box(client).script(tmp_path / "s.sh", source="mast") == "#!/bin/bash\n# μ\n"
    assert (tmp_path / "s.sh").read_text("utf-8") == "#!/bin/bash\n# μ\n"
    assert (service.seen[0].path, service.seen[0].query) == (SCRIPT, [("source", "mast")])


def test_urls_are_a_list(serve: Serve) -> None:
    service, client, _ = serve(lambda _: Answer(200, b"http://a\nhttp://b\n"))
    assert box(client).urls() == ["http://a", "http://b"]
    assert (service.seen[0].path, service.seen[0].query) == (URLS, [("source", "topmast")])


def test_one_observation_in_one_call(serve: Serve, tmp_path: Path) -> None:
    """Begun, waited for, fetched; a reset on the way is lived with."""
    answers = {
        MRP: in_turn(Reset(), Answer(202, bundle(phase="QUEUED"), {"Location": "/v1/jobs/b_1"})),
        "/v1/jobs/b_1": in_turn(Answer(200, bundle(phase="EXECUTING", version=2)), Answer(200, bundle(version=3))),
        ARCHIVE: in_turn(Answer(200, b"PK half", cut=3), Answer(200, b"PK whole")),
    }
    service, client, _ = serve(lambda seen: answers.get(seen.path, lambda _: Answer(200, bundle()))(seen))
    got = client.mrp("jw01558-o001_t001_miri_f1000w", tmp_path / "new" / "m.zip")
    assert (got, got.read_bytes()) == (tmp_path / "new" / "m.zip", b"PK whole")
    assert service.seen[0].headers["prefer"] == "wait=2"  # this client takes five seconds for silence


def test_what_is_ready_is_fetched_at_once(serve: Serve, tmp_path: Path) -> None:
    def script(seen: Seen) -> Answer:
        archive = Answer(200, b"PK", {"ETag": '"zip-1"'})
        return archive if seen.path == ARCHIVE else Answer(303, bundle(), {"Location": ARCHIVE})

    service, client, _ = serve(script)
    assert client.mrp("jw01558-o001_t001_miri_f1000w", tmp_path / "m.zip").read_bytes() == b"PK"
    asked = [(seen.method, seen.path) for seen in service.seen]
    assert asked == [("GET", MRP), ("HEAD", ARCHIVE), ("GET", ARCHIVE)]


def test_what_fails_leaves_no_file(serve: Serve, tmp_path: Path) -> None:
    failed = bundle(phase="ERROR", error={"code": "upstream_down", "title": "", "detail": "", "hint": ""})
    _, client, _ = serve(lambda _: Answer(202, failed))
    with pytest.raises(topmast.JobFailed):
        client.mrp("jw01558-o001_t001_miri_f1000w", tmp_path / "m.zip")
    _, client, _ = serve(in_turn(Answer(303, bundle()), problem(410, "expired")))
    with pytest.raises(topmast.Expired):
        client.mrp("jw01558-o001_t001_miri_f1000w", tmp_path / "m.zip")
    assert list(tmp_path.glob("*.zip")) == []


def test_the_difference_of_two_revisions(serve: Serve) -> None:
    """All in one answer, without pages."""
    rows = [{"path": "JWST/a.fits", "change": "changed", "old": {"size": 1}, "new": {"size": 2}}]
    service, client, _ = serve(lambda _: Answer(200, {"items": rows}))
    assert box(client).difference(1, 2) == rows
    assert (service.seen[0].path, service.seen[0].query) == ("/v1/bundles/b_1/diff", [("old", "1"), ("new", "2")])
