"""`topmast me`, `keys`, `token`, `share`, and `--release`."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sdk.documents import bundle, job
from tests.sdk.scripted import KEY, Answer, Script, Seen, in_turn, problem, serving
from tests.sdk.test_account import MADE, SECRET
from topmast import cli

TOKEN = "0123456789abcdef0123456789abcdef"
STORED = {"stored": True, "accepted": True, "name": "ann\x1b[2J", "end": "2026-09-01T00:00:00Z"}
Run = Callable[..., tuple[int, list[Seen]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command against a script; its exit code and the requests."""
    monkeypatch.delenv("MAST_API_TOKEN", raising=False)
    monkeypatch.setenv("TOPMAST_API_KEY", KEY)

    def start(script: Script, *arguments: str) -> tuple[int, list[Seen]]:
        with serving(script) as service:
            return cli.main([*arguments, "--url", service.url]), service.seen

    return start


def keeping(seen: Seen) -> Answer:
    return Answer(204, b"") if seen.method != "GET" else Answer(body=STORED)


def test_me(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    quotas = {
        "open_jobs": {"limit": None, "used": 3},
        "staged_bytes": {"limit": 2_000_000_000_000, "used": 0},
        "requests_per_minute": {"limit": 600, "used": 1},
    }
    told = {"name": "ann", "role": "member", "email": "", "scopes": ["search", "read"], "quotas": quotas}
    assert run(in_turn(Answer(body=told)), "me")[0] == 0
    assert capsys.readouterr().out.splitlines() == [
        "ann  member  no address",
        "this key may: search, read",
        "open jobs: 3 of any number",
        "staged bytes: 0 B of 2.0 TB",
        "requests per minute: 1 of 600",
    ]


def test_keys_for_people(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run(in_turn(Answer(body={"items": [{**MADE, "key": None}]})), "keys", "list")
    shown = capsys.readouterr().out.splitlines()[1]
    assert shown.split() == ["5d1f0c9a", "search,read", "2026-07-01", "12:00", "-", "2026-09-29", "12:00", "notebook"]
    wish = ["--label", "x", "--scope", "read", "--scope", "search"]
    code, seen = run(in_turn(Answer(201, MADE)), "keys", "create", *wish)
    assert (code, seen[0].json) == (0, {"label": "x", "scopes": ["read", "search"]})
    assert capsys.readouterr().out.splitlines()[-1] == SECRET
    assert run(in_turn(Answer(204, b"")), "keys", "revoke", "5d1f0c9a")[1][0].method == "DELETE"


def test_keys_for_programs(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    code, seen = run(in_turn(Answer(201, MADE)), "keys", "rotate", "5d1f0c9a", "--overlap", "0", "--json")
    assert (code, seen[0].query) == (0, [("overlap", "0")])
    told = json.loads(capsys.readouterr().out)
    assert (told["key"], told["last_used"], told["scopes"]) == (SECRET, None, ["search", "read"])
    assert run(in_turn(problem(403, "scope")), "keys", "create", "--scope", "admin")[0] == 5


@pytest.mark.parametrize("way", ["environment", "pipe", "prompt"])
def test_a_token_comes_by_a_way_that_nobody_sees(
    way: str, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n") if way == "pipe" else Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _prompt: TOKEN if way == "prompt" else "")
    if way == "environment":
        monkeypatch.setenv("MAST_API_TOKEN", TOKEN)
    code, seen = run(keeping, "token", "set")
    assert (code, seen[0].method, seen[0].json) == (0, "PUT", {"token": TOKEN})
    captured = capsys.readouterr()
    assert "stored; MAST takes it, until 2026-09-01 at the latest" in captured.out
    assert "\x1b" not in captured.out
    assert TOKEN not in captured.out + captured.err


def test_a_token_is_no_argument(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        run(keeping, "token", "set", TOKEN)
    assert refused.value.code == 2


def test_no_token_is_not_sent(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, seen = run(keeping, "token", "set")
    assert (code, seen) == (2, [])
    assert "auth.mast.stsci.edu" in capsys.readouterr().err


def test_what_is_known_of_a_token_and_forgetting_it(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run(in_turn(Answer(body={**STORED, "accepted": False})), "token", "show")
    assert "store another" in capsys.readouterr().out
    code, seen = run(in_turn(Answer(204, b""), Answer(body={"stored": False})), "token", "forget")
    assert (code, seen[0].method) == (0, "DELETE")
    assert capsys.readouterr().out == "the service has no MAST token of yours\n"


@pytest.mark.parametrize(("command", "method"), [("share", "PUT"), ("unshare", "DELETE")])
def test_sharing(run: Run, capsys: pytest.CaptureFixture[str], command: str, method: str) -> None:
    left = {**bundle(), "bundle": {**bundle()["bundle"], "shares": ["bob", "dave"] if command == "share" else []}}
    code, seen = run(
        lambda seen: Answer(204, b"") if "shares" in seen.path else Answer(body=left), command, "b_1", "bob", "dave"
    )
    assert code == 0
    assert [one.method for one in seen] == ["GET", method, method, "GET"]
    assert capsys.readouterr().out.splitlines()[1] == f"shared with {'bob, dave' if command == 'share' else 'nobody'}"


def test_release(run: Run) -> None:
    _, seen = run(in_turn(Answer(202, job())), "bundle", "jw1", "--release", "auto")
    assert seen[0].json == {"from": {"observations": ["jw1"]}, "release": "auto"}


def test_a_held_job_says_what_to_type(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    held: dict[str, Any] = job(phase="HELD", phase_reason="needs_token", error={"code": "needs_mast_token"})
    assert run(in_turn(Answer(body=held)), "jobs", "b_1")[0] == 0
    assert "topmast token set" in capsys.readouterr().out
    assert run(in_turn(Answer(body=job()), Answer(body=held)), "wait", "b_1")[0] == 1
    assert "topmast token set" in capsys.readouterr().err
