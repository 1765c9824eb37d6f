"""The command: tables for people, JSON for programs, exit codes for cron."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import topmast
from tests.sdk.box import Box
from tests.sdk.documents import bundle, job, search
from tests.sdk.scripted import KEY, Answer, Hang, Seen, in_turn, problem, serving
from topmast import cli
from topmast._argument_types import criterion, duration
from topmast._arguments import EPILOG

ROWS = [
    {"_row": 1, "obs_id": "jw01558-o001", "target_name": "M 57\x1b[2J", "calib_level": 3, "access": "public"},
    {"_row": 2, "obs_id": "jw01558-o002", "target_name": None, "calib_level": 2, "access": "exclusive"},
]


@pytest.fixture
def run(monkeypatch):
    """Run the command against a script; its exit code and the requests."""

    def start(script, *arguments: str) -> tuple[int, list[Seen]]:
        monkeypatch.setenv("TOPMAST_API_KEY", KEY)
        with serving(script) as service:
            return cli.main([*arguments, "--url", service.url]), service.seen

    return start


def searching(seen: Seen) -> Answer:
    if seen.method == "POST":
        return Answer(202, job("s_1", "QUEUED"))
    if seen.path.endswith("/rows"):
        return Answer(body={"items": ROWS, "next": None})
    return Answer(body=search() if "searches" in seen.path else job("s_1", "COMPLETED"))


def test_search_for_people(run, capsys) -> None:
    code, seen = run(searching, "search", "m57 r=1m", "--mission", "JWST", "-c", "instrument_name=MIRI*")
    out = capsys.readouterr().out
    assert code == 0
    assert out.splitlines()[0] == "s_1: 2 rows"
    assert "note: instrument_name expanded" in out
    assert "jw01558-o002" in out
    assert "\x1b" not in out
    assert seen[0].json["criteria"] == {"obs_collection": "JWST", "instrument_name": "MIRI*"}


def test_search_for_programs(run, capsys) -> None:
    arguments = ["search", "-c", "t_exptime=100..", "--where", "calib_level:ge:2", "--sort=-t_min"]
    code, seen = run(searching, "--json", *arguments, "--columns", "obs_id", "--limit", "1")
    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert document["rows"] == ROWS[:1]
    assert document["search"]["search"]["count"] == 2
    assert ("where", "calib_level:ge:2") in seen[-1].query
    assert ("sort", "-t_min") in seen[-1].query
    assert seen[0].json["criteria"] == {"t_exptime": {"min": 100.0}}


def test_all_rows(run, capsys) -> None:
    run(searching, "search", "m57", "--all", "--json")
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 2


def test_bundle_waits_and_downloads(run, capsys, tmp_path) -> None:
    box = Box(a=b"aa")

    def script(seen: Seen):
        if seen.method == "POST":
            return Answer(202, job("b_1", "QUEUED"))
        return Answer(body=job("b_1", "COMPLETED")) if seen.path == "/v1/jobs/b_1" else box(seen)

    options = ["--sub-group", "I2D", "--sub-group", "ASN", "--level", "3", "--no-mrp", "--notify", "a@b.org"]
    code, seen = run(script, "bundle", "s_1", *options, "--download", str(tmp_path / "box"))
    assert code == 0
    assert "3 fetched, 0 kept; 12 B in" in capsys.readouterr().out
    assert (tmp_path / "box" / "JWST" / "obs" / "a.fits").read_bytes() == b"aa"
    assert seen[0].json == {
        "from": {"search": "s_1"},
        "select": {"sub_groups": ["I2D", "ASN"], "levels": [3], "mrp": False},
        "notify": [{"email": "a@b.org"}],
    }


def test_bundle_alone_prints_its_id(run, capsys) -> None:
    code, seen = run(in_turn(Answer(202, job("b_5", "QUEUED"))), "bundle", "jw1", "jw2")
    assert (code, len(seen)) == (0, 1)
    assert capsys.readouterr().out.split() == ["b_5", "QUEUED"]
    assert seen[0].json == {"from": {"observations": ["jw1", "jw2"]}}


def test_jobs_and_one_job(run, capsys) -> None:
    listed = [job("b_1", label="mine"), job("s_2", "ERROR")]
    code, seen = run(in_turn(Answer(body={"items": listed, "next": None})), "jobs", "--phase", "ERROR")
    assert code == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["id", "b_1", "s_2"]
    assert ("phase", "ERROR") in seen[0].query
    failed = job("s_2", "ERROR", error={"code": "worker_lost", "detail": "gone\nagain"})
    assert run(in_turn(Answer(body=failed)), "jobs", "s_2")[0] == 0
    assert capsys.readouterr().out == "s_2  ERROR  worker_lost: gone again\n"


def test_no_jobs(run, capsys) -> None:
    assert run(in_turn(Answer(body={"items": [], "next": None})), "jobs")[0] == 0
    assert capsys.readouterr().out == "no jobs\n"


@pytest.mark.parametrize(
    ("script", "arguments", "expected"),
    [
        (in_turn(Answer(body=job(phase="ERROR"))), ["wait", "b_1"], 1),
        (in_turn(Answer(body=job(phase="ABORTED"))), ["wait", "b_1"], 1),
        (in_turn(Answer(body=bundle(outcome="complete"))), ["wait", "b_1"], 0),
        (in_turn(Answer(body=bundle(outcome="partial"))), ["wait", "b_1"], 4),
        (in_turn(Answer(body=bundle(outcome="empty"))), ["wait", "b_1"], 0),
        (in_turn(Hang()), ["wait", "b_1", "--timeout", "0.2"], 3),
        (in_turn(Answer(body=job())), ["wait", "b_1", "--timeout", "0.2"], 3),
        (in_turn(problem(422, "unknown_column")), ["search", "m57"], 2),
        (in_turn(problem(400, "malformed")), ["search", "m57"], 2),
        (in_turn(problem(401, "unauthenticated")), ["jobs"], 5),
        (in_turn(problem(404, "unknown_job")), ["abort", "b_1"], 5),
        (in_turn(problem(500, "internal")), ["jobs"], 3),
        (in_turn(Answer(200, b"<html>")), ["jobs"], 3),
        (in_turn(Answer(202, job(phase="ABORTED"))), ["abort", "b_1"], 0),
        (in_turn(Answer(500)), ["search"], 2),
        (in_turn(Answer(500)), ["search", "-c", "a=1", "-c", "a=2"], 2),
    ],
)
def test_exit_codes(run, capsys, script, arguments, expected) -> None:
    code, _ = run(script, *arguments)
    captured = capsys.readouterr()
    assert code == expected
    assert captured.err.startswith("topmast: ") or captured.out
    assert KEY not in captured.err + captured.out
    assert f"  {code:<3}  " in EPILOG


def test_files_that_are_missing_are_listed_and_tell_cron(run, capsys, tmp_path) -> None:
    box = Box(a=b"aa")
    box.rows = [{"path": "JWST/x", "status": "FAILED", "reason": "missing_on_server"}]
    box.products["../evil"] = b""
    code, _ = run(box, "download", "b_1", str(tmp_path), "--wait", "--json")
    document = json.loads(capsys.readouterr().out)
    assert code == 4
    assert [row["reason"] for row in document["missing"]] == ["missing_on_server"]
    assert sorted(file["status"] for file in document["files"]) == ["failed", "fetched", "fetched", "fetched"]
    run(box, "download", "b_1", str(tmp_path))
    out = capsys.readouterr().out
    assert "3 kept, 1 failed, 1 not in the box" in out
    assert "  JWST/x: missing_on_server" in out


def test_errors_as_json(run, capsys) -> None:
    code, _ = run(in_turn(problem(404, "unknown_job", hint="List yours.")), "jobs", "b_9", "--json")
    assert code == 5
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["hint"]) == ("unknown_job", "List yours.")


def test_nobody_listens(monkeypatch, capsys) -> None:
    monkeypatch.setenv("TOPMAST_API_KEY", KEY)
    with serving(in_turn(Answer())) as service:
        url = service.url
    assert cli.main(["jobs", "--url", url, "--timeout", "0.2"]) == 3
    assert "cannot connect" in capsys.readouterr().err


def test_endpoint_file(tmp_path, capsys) -> None:
    with serving(in_turn(Answer(body={"items": [], "next": None}))) as service:
        (tmp_path / "endpoint.json").write_text(json.dumps({"url": service.url, "api_key": KEY}))
        assert cli.main(["--endpoint", str(tmp_path / "endpoint.json"), "jobs"]) == 0
        assert service.seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert cli.main(["jobs", "--endpoint", "x", "--url", "y"]) == 2
    assert "exclude each other" in capsys.readouterr().err


def test_no_address_is_a_usage_error(capsys) -> None:
    assert cli.main(["jobs"]) == 2
    assert "TOPMAST_URL" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fetch"],
        ["search", "-c", "nothing"],
        ["search", "-c", "t=a..b"],
        ["search", "-c", "t=.."],
        ["search", "m57", "--limit", "0"],
        ["wait"],
        ["wait", "b_1", "--timeout", "soon"],
        ["bundle"],
        ["plan"],
        ["plan", "jw1", "--list", "list.txt"],
        ["plan", "jw1", "--start", "crf"],
        ["keys"],
        ["keys", "create", "--expires", "0"],
        ["keys", "create", "--scope", "everything"],
        ["keys", "rotate", "5d1f0c9a", "--overlap", "nan"],
        ["token"],
        ["share", "b_1"],
        ["bundle", "jw1", "--release", "now"],
    ],
)
def test_wrong_arguments(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: topmast" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b", "b"),
        ("a=b=c", "b=c"),
        ("a= MIRI* ", "MIRI*"),
        ("a=x,y", ["x", "y"]),
        ("a=1..2.5", (1.0, 2.5)),
        ("a=..2", (None, 2.0)),
        ("a=-5..", (-5.0, None)),
        ("a=null", None),
        ("a=", ""),
    ],
)
def test_criteria_in_a_terminal(text, expected) -> None:
    assert criterion(text) == ("a", expected)


def test_durations() -> None:
    assert [duration(text) for text in ("90", "1.5m", "2h", "1d")] == [90, 90, 7200, 86400]


def test_ctrl_c_says_how_to_go_on(run, capsys, monkeypatch) -> None:
    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("topmast._wait._ask", stop)
    code, _ = run(in_turn(Answer(body=job())), "wait", "b_1")
    assert code == 130
    assert "client.jobs.get('b_1')" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["search", "--help"], ["download", "--help"]])
def test_help_tells_the_exit_codes(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 0
    assert "exit codes" in capsys.readouterr().out


def test_a_closed_pipe_is_no_traceback() -> None:
    many = [job(f"b_{number}", label="x" * 40) for number in range(100)]
    with serving(in_turn(Answer(body={"items": many, "next": None}))) as service:
        command = [sys.executable, "-m", "topmast.cli", "jobs", "--json", "--url", service.url]
        environ = {"TOPMAST_API_KEY": KEY, "PATH": ""}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True
        ) as reader:
            assert reader.stdout is not None
            reader.stdout.close()
            assert reader.stderr is not None
            assert reader.stderr.read() == ""
    assert reader.returncode == 0


def test_the_command_is_installed() -> None:
    from importlib.metadata import entry_points

    (found,) = entry_points(group="console_scripts", name="topmast")
    assert found.load() is cli.main
    assert topmast.Client.__module__.startswith("topmast")


def test_a_hook_is_named_beside_an_address(run) -> None:
    code, seen = run(
        lambda _: Answer(202, job("b_1", "QUEUED")), "bundle", "jw1", "--notify", "a@b.org", "--hook", "slurm"
    )
    assert (code, seen[0].json["notify"]) == (0, [{"email": "a@b.org"}, {"hook": "slurm"}])


def test_extending_says_until_when(run, capsys) -> None:
    code, seen = run(lambda _: Answer(200, job("b_1", "COMPLETED")), "extend", "b_1", "3")
    assert code == 0
    assert (seen[-1].method, seen[-1].json) == ("PATCH", {"destruction": "2026-08-04T10:00:00.000000Z"})
    assert "kept until 2026-08-01 10:00 UTC" in capsys.readouterr().out


def test_a_copy_is_asked_for_once_and_its_failures_show_in_the_exit_code(run) -> None:
    def script(seen: Seen) -> Answer:
        if seen.path == "/v1/bundles/b_1":
            return Answer(body=bundle())
        return Answer(202 if seen.method == "POST" else 200, job("c_1", "COMPLETED", kind="copy", outcome="partial"))

    code, seen = run(script, "copy", "b_1", "group/ring", "--overwrite", "--wait")
    asked = next(one for one in seen if one.method == "POST")
    assert (asked.path, asked.json) == ("/v1/bundles/b_1/copies", {"directory": "group/ring", "overwrite": True})
    assert code == 4


CHOICE = """
    --type SCIENCE --name jw* --exclude _gs- --exclude thumb --extension fits --detector nrca1 --filter F444W
    --exp-type NRC_IMAGE --visit 1558:5:1 --parents --references --start uncal --layout flat
"""
CHOSEN = {
    "types": ["SCIENCE"],
    "names": ["jw*"],
    "exclude": ["_gs-", "thumb"],
    "extensions": ["fits"],
    "detectors": ["nrca1"],
    "filters": ["F444W"],
    "exp_types": ["NRC_IMAGE"],
    "visits": ["1558:5:1"],
    "parents": True,
    "references": True,
}


@pytest.mark.parametrize("command", ["bundle", "plan"])
def test_a_bundle_and_its_plan_take_the_same_choice(run, command) -> None:
    done = job("b_1" if command == "bundle" else "p_1", "COMPLETED")
    code, seen = run(lambda seen: Answer(202 if seen.method == "POST" else 200, done), command, "s_1", *CHOICE.split())
    dry_run = {"dry_run": True} if command == "plan" else {}
    assert (code, seen[0].path) == (0, "/v1/bundles")
    assert seen[0].json == {
        "from": {"search": "s_1"},
        "select": CHOSEN,
        "start": "uncal",
        "layout": "flat",
        **dry_run,
    }


def test_reference_types_and_a_list_in_a_file(run, tmp_path) -> None:
    (tmp_path / "list.txt").write_text("jw01523-c1001_t001_miri_ch1-shortmediumlong\n")
    arguments = ["--list", str(tmp_path / "list.txt"), "--reference-type", "dark", "--reference-type", "flat"]
    code, seen = run(lambda _: Answer(202, job("b_1", "QUEUED")), "bundle", *arguments)
    assert code == 0
    assert seen[0].json == {
        "from": {"list": "jw01523-c1001_t001_miri_ch1-shortmediumlong\n"},
        "select": {"references": ["dark", "flat"]},
    }


def test_a_plan_tells_counts_cost_and_what_is_missing(run, capsys) -> None:
    planned = {
        "counts": {"listed": 9, "duplicates": 1, "unique": 8, "selected": 3, "excluded": {"guide_star": 5}},
        "plan": {
            "to_fetch": {"files": 2, "bytes": 2048},
            "cached": {"files": 1, "bytes": 10},
            "exclusive": [{"release": "2026-11-29T00:00:00Z", "files": 1, "bytes": 5}],
            "seconds": {"earliest": 1.0, "latest": 3.5},
            "disk": {"fits": False},
        },
        "completeness": {"missing": [{"kind": "segment", "what": "jw1-seg002_nis\x1b[2J", "of": "jw1_nis"}, "odd"]},
        "notes": ["look\nhere"],
    }
    done = {**job("p_1", "COMPLETED"), "kind": "plan", "bundle": planned}
    code, _ = run(lambda seen: Answer(202 if seen.method == "POST" else 200, done), "plan", "jw1")
    assert code == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "9 listed, 1 duplicates, 8 unique, 3 selected",
        "left out: 5 guide_star",
        "to fetch: 2 files, 2.0 kB",
        "here already: 1 files, 10 B",
        "exclusive until 2026-11-29T00:00:00Z: 1 files, 5 B",
        "takes 1.0 to 3.5 s",
        "the disk has no room for it",
        "missing segment: jw1-seg002_nis [2J",
        "note: look here",
    ]


def test_an_empty_plan_is_no_traceback(run, capsys) -> None:
    done = job("p_1", "COMPLETED")
    assert run(lambda seen: Answer(202 if seen.method == "POST" else 200, done), "plan", "jw1")[0] == 0
    assert "to fetch: 0 files" in capsys.readouterr().out
