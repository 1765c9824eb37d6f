"""Errors say what happened and what to try, and survive a process boundary."""

from __future__ import annotations

import inspect
import json
import pickle

import pytest

import topmast
from tests.sdk.documents import job
from topmast import _api_errors, _errors
from topmast._fetch import ChecksumMismatch
from topmast._messages import Reply
from topmast._problems import BY_CODE, error_for
from topmast._report import DownloadReport


def reply(status: int, body: object, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply("GET", "http://h/v1/jobs/b_1", status, headers, raw)


def test_a_problem_becomes_its_class_and_ends_with_hint_and_request() -> None:
    body = {
        "status": 422,
        "code": "unknown_column",
        "detail": "There is no column 'instrumnt_name'",
        "hint": "Use one of the suggested names.",
        "request_id": "req-9",
        "errors": [{"pointer": "/criteria/instrumnt_name", "detail": "not MAST's", "suggestions": ["instrument_name"]}],
    }
    error = error_for(reply(422, body))
    assert type(error) is topmast.UnknownColumn
    assert str(error) == (
        "422 unknown_column: There is no column 'instrumnt_name'. "
        "(/criteria/instrumnt_name: not MAST's: nearest: instrument_name) "
        "Use one of the suggested names. [request req-9]"
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, topmast.Malformed),
        (401, topmast.NotAuthenticated),
        (403, topmast.NotAllowed),
        (404, topmast.NotFound),
        (405, topmast.ApiError),
        (409, topmast.Conflict),
        (410, topmast.Expired),
        (422, topmast.Invalid),
        (429, topmast.TooManyRequests),
        (500, topmast.ServerError),
        (507, topmast.ServerError),
    ],
)
@pytest.mark.parametrize("body", [b"<html>nginx</html>", b"", [1], {"code": "brand_new"}, {"errors": "x", "hint": 3}])
def test_whatever_the_body_the_status_gives_the_class(status, kind, body) -> None:
    error = error_for(reply(status, body))
    assert type(error) is kind
    assert str(error).startswith(str(status))


def test_what_the_detail_says_is_not_said_twice() -> None:
    entry = {"pointer": "/target", "detail": "No unit.", "suggestions": []}
    assert str(error_for(reply(422, {"code": "bad_target", "detail": "No unit.", "errors": [entry]}))) == (
        "422 bad_target: No unit. (/target)"
    )


def test_a_long_page_is_cut() -> None:
    error = error_for(reply(502, b"<html>" + b"x" * 10_000))
    assert len(str(error)) < 400


def test_a_code_never_overrules_the_status() -> None:
    assert type(error_for(reply(503, {"code": "not_ready"}))) is topmast.ServerError


def test_every_class_can_be_pickled() -> None:
    snapshot = topmast.Job.from_json(job(phase="ERROR", error={"code": "worker_lost"}))
    made = [
        topmast.UsageError("no", hint="try"),
        topmast.ConfigError("no"),
        topmast.TimedOut("late", method="GET", url="http://h/"),
        error_for(reply(409, {"code": "not_ready", "detail": "d", "request_id": "r"}, **{"retry-after": "4"})),
        topmast.JobFailed("failed", job=snapshot, hint="again"),
        topmast.WaitTimeout("late", job=snapshot),
        topmast.DownloadError("part", report=DownloadReport("d")),
        ChecksumMismatch("x"),
    ]
    for error in made:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert (type(again), str(again), again.hint) == (type(error), str(error), error.hint)
        assert again.__dict__ == error.__dict__


def test_a_job_error_tells_the_services_code() -> None:
    failed = topmast.Job.from_json(job(phase="ERROR", error={"code": "worker_lost"}))
    assert topmast.JobFailed("x", job=failed).code == "worker_lost"
    assert topmast.WaitTimeout("x", job=topmast.Job.from_json(job())).code == "wait_timeout"


def test_the_tree_in_the_docstring_names_every_class() -> None:
    classes = [
        name
        for module in (_errors, _api_errors)
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, Exception)
    ]
    assert [name for name in classes if name not in (_errors.__doc__ or "")] == []


def test_codes_with_a_class_are_codes_that_the_service_has() -> None:
    errors = pytest.importorskip("topmast_service.errors", reason="the SDK alone is installed")
    known = {kind.code for kind in vars(errors).values() if inspect.isclass(kind) and hasattr(kind, "code")}
    assert set(BY_CODE) <= known
