"""What is not public: shares, releases, who is on a program, and downloads that may not have everything."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import topmast
from tests.sdk.box import Box
from tests.sdk.conftest import Serve
from tests.sdk.documents import bundle, job
from tests.sdk.scripted import Answer, Seen, in_turn, problem

DUE = dt.datetime(2027, 3, 1, tzinfo=dt.UTC)


def shared(*names: str) -> dict[str, Any]:
    document = bundle()
    return {**document, "bundle": {**document["bundle"], "shares": list(names), "release_due": "2027-03-01T00:00:00Z"}}


def test_sharing_gives_the_bundle_as_it_is_now(serve: Serve) -> None:
    names: list[str] = []

    def script(seen: Seen) -> Answer:
        if "/shares/" not in seen.path:
            return Answer(body=shared(*names))
        name = seen.path.rpartition("/")[2]
        names.append(name) if seen.method == "PUT" else names.remove(name)
        return Answer(204, b"")

    service, client, _ = serve(script)
    before = client.bundles.get("b_1")
    after = before.share("bob", "dave")
    assert (before.shares, after.shares, after.release_due) == ((), ("bob", "dave"), DUE)
    assert after.unshare("bob").shares == ("dave",)
    asked = [(seen.method, seen.path) for seen in service.seen if "/shares/" in seen.path]
    assert asked == [
        ("PUT", "/v1/bundles/b_1/shares/bob"), ("PUT", "/v1/bundles/b_1/shares/dave"),
        ("DELETE", "/v1/bundles/b_1/shares/bob"),
    ]  # fmt: skip
    card = after._repr_html_()
    assert "bob, dave" in card
    assert "2027-03-01" in card


def test_a_share_with_nobody_or_with_a_path_goes_nowhere_else(serve: Serve) -> None:
    service, client, _ = serve(in_turn(problem(404, "not_found")))
    box = topmast.Bundle.from_json(bundle(), client._session)
    with pytest.raises(topmast.UsageError):
        box.share()
    assert service.seen == []
    with pytest.raises(topmast.NotFound):
        box.share("../../../jobs")
    assert service.paths()[0].count("/") == 5


def test_the_manifest_tells_when(serve: Serve) -> None:
    rows = [{"path": "a", "status": "WITHHELD", "release": "2027-03-01T00:00:00Z"}, {"path": "b", "release": None}]
    _, client, _ = serve(in_turn(Answer(body={"items": rows, "next": None})))
    first, second = topmast.Bundle.from_json(bundle(), client._session).manifest()
    assert (first.release, first.missing, second.release) == (DUE, True, None)


def test_release_goes_with_a_bundle_and_with_a_plans_bundle(serve: Serve) -> None:
    service, client, _ = serve(in_turn(Answer(202, job())))
    client.bundle(["jw1"], release="auto")
    topmast.Plan.from_json({**job("p_1", "COMPLETED"), "kind": "plan"}, client._session).bundle(release="auto")
    assert [seen.json for seen in service.seen] == [
        {"from": {"observations": ["jw1"]}, "release": "auto"},
        {"from": {"plan": "p_1"}, "release": "auto"},
    ]


def test_who_is_on_a_program(serve: Serve) -> None:
    users = [{"user": "alice", "since": "2026-07-01T10:00:00Z", "last": "2026-07-02T10:00:00Z", "current": True}]
    service, client, _ = serve(in_turn(Answer(body={"program": "1558", "users": [*users, 7]})))
    assert client.program_access("1558") == client.program_access(1558) == users
    assert service.paths() == ["/v1/programs/1558/access"] * 2


def closed(code: str) -> Box:
    """A box of which one file is not for everybody."""
    box = Box(open=b"for all", secret=b"for some")
    refused = problem(403, code, detail="MAST does not give it to you.", hint="Wait.")
    box.fault = lambda seen, _count: refused if "secret" in seen.path else None
    return box


@pytest.mark.parametrize(
    ("code", "hint"), [("exclusive", "members of their program"), ("needs_mast_token", "client.set_mast_token(")]
)
def test_what_mast_does_not_give_fails_with_its_reason_and_the_rest_comes(
    serve: Serve, tmp_path: Path, code: str, hint: str
) -> None:
    box = closed(code)
    _, client, clock = serve(box)
    with pytest.raises(topmast.DownloadError, match=f"403 {code}") as caught:
        topmast.Bundle.from_json(bundle(), client._session).download(tmp_path)
    report = caught.value.report
    assert [(file.path, file.code) for file in report.failed] == [("JWST/obs/secret.fits", code)]
    assert len(report.fetched) == 3
    assert (tmp_path / "JWST/obs/open.fits").read_bytes() == b"for all"
    assert not (tmp_path / "JWST/obs/secret.fits").exists()
    assert hint in str(caught.value)
    assert box.asked.count("JWST/obs/secret.fits") == 1, "a refusal is not asked for again"
    assert clock.sleeps == []
    assert "MAST does not give it to you" in report._repr_html_()
