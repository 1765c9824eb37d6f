"""One call: tried again where that is right, submitted once, and the key goes to one host only."""

from __future__ import annotations

import logging

import pytest

import topmast
from tests.sdk.documents import job
from tests.sdk.scripted import KEY, Answer, Hang, Reset, in_turn, problem, serving
from topmast._messages import Reply
from topmast._retry import RetryPolicy

MADE = Answer(202, job("b_7", "PENDING"))


@pytest.mark.parametrize("fault", [Reset(), problem(502, "x"), Answer(202, job(), cut=10)], ids=["reset", "502", "cut"])
def test_a_submit_whose_answer_was_lost_is_repeated_with_the_same_key(serve, fault) -> None:
    service, client, _ = serve(in_turn(fault, MADE))
    assert client.bundle(["jw1"]).id == "b_7"
    first, second = service.seen
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body
    assert first.headers["x-request-id"] == second.headers["x-request-id"]


def test_a_lost_answer_makes_one_job(serve) -> None:
    """The service's side of the bargain, as a dictionary: the key decides what exists."""
    made: dict[str, str] = {}
    calls = iter([Reset(), None])

    def script(seen):
        made.setdefault(seen.headers["idempotency-key"], f"b_{len(made)}")
        return next(calls) or Answer(202, job(made[seen.headers["idempotency-key"]]))

    _, client, _ = serve(script)
    assert client.bundle(["jw1"]).id == "b_0"
    assert len(made) == 1


def test_two_calls_have_two_keys(serve) -> None:
    service, client, _ = serve(in_turn(MADE))
    client.bundle(["jw1"])
    client.bundle(["jw1"])
    keys = {seen.headers["idempotency-key"] for seen in service.seen}
    assert len(keys) == 2


def test_a_submit_that_nobody_answers_is_repeated_with_its_key() -> None:
    with (
        serving(in_turn(Hang(), MADE)) as service,
        topmast.Client(service.url, KEY, timeout=0.2, retry=RetryPolicy(base=0.001)) as client,
    ):
        assert client.bundle(["jw1"]).id == "b_7"
        assert len({seen.headers["idempotency-key"] for seen in service.seen}) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 500, 501])
def test_a_refusal_is_not_repeated(serve, status) -> None:
    service, client, clock = serve(in_turn(problem(status, "no")))
    with pytest.raises(topmast.ApiError):
        client.bundle(["jw1"])
    assert (len(service.seen), clock.sleeps) == (1, [])


def test_tries_end_and_the_last_error_is_raised(serve) -> None:
    service, client, clock = serve(in_turn(problem(503, "store_unavailable", detail="no store", request_id="r1")))
    with pytest.raises(topmast.ServerError, match="store_unavailable: no store") as caught:
        client.jobs.get("b_1")
    assert str(caught.value).endswith("[request r1]")
    assert len(service.seen) == 4
    assert clock.sleeps == [0.25, 0.5, 1.0]  # half (the fixed jitter) of 0.5, 1, 2


def test_not_ready_is_asked_again_only_if_the_service_says_when(serve) -> None:
    service, client, clock = serve(
        in_turn(problem(409, "not_ready", headers={"Retry-After": "3"}), Answer(body={"items": [], "next": None}))
    )
    bundle = topmast.Bundle.from_json(job(), client._session)
    assert bundle.manifest() == []
    assert clock.sleeps == [3.0]
    service.script = in_turn(problem(409, "not_ready"))
    with pytest.raises(topmast.NotReady):
        bundle.manifest()


def test_a_retry_after_beyond_the_cap_is_told_not_slept(serve) -> None:
    _, client, clock = serve(in_turn(problem(429, "busy", headers={"Retry-After": "3600"})))
    with pytest.raises(topmast.TooManyRequests) as caught:
        client.jobs.get("b_1")
    assert caught.value.retry_after == 3600
    assert clock.sleeps == []


def test_all_tries_of_a_call_share_one_deadline() -> None:
    with (
        serving(in_turn(problem(503, "busy"))) as service,
        topmast.Client(service.url, KEY, retry=RetryPolicy(attempts=99, total=0.05, base=0.01)) as client,
    ):
        with pytest.raises((topmast.ServerError, topmast.TimedOut)):
            client.jobs.get("b_1")
        assert len(service.seen) < 99


@pytest.mark.parametrize(
    ("value", "date", "expected"),
    [
        ("12", "", 12.0),
        ("Wed, 01 Jul 2026 10:00:30 GMT", "Wed, 01 Jul 2026 10:00:00 GMT", 30.0),
        ("Wed, 01 Jul 2026 09:00:00 GMT", "Wed, 01 Jul 2026 10:00:00 GMT", 0.0),
        ("Wed, 01 Jul 2026 10:00:30 -0000", "Wed, 01 Jul 2026 10:00:00 GMT", None),
        ("soon", "", None),
        ("-5", "", None),
        ("٣", "", None),
        ("", "", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_by_the_servers_clock(value, date, expected) -> None:
    assert Reply("GET", "u", 503, {"retry-after": value, "date": date}).retry_after() == expected


def test_nobody_listens() -> None:
    with serving(in_turn(MADE)) as service:
        url = service.url
    with (
        topmast.Client(url, KEY, retry=RetryPolicy(attempts=1)) as client,
        pytest.raises(topmast.ConnectFailed, match="cannot connect") as caught,
    ):
        client.jobs.get("b_1")
    assert caught.value.method == "GET"


def test_a_redirect_to_another_host_is_refused_and_the_key_stays_home(serve) -> None:
    stranger, _, _ = serve(in_turn(Answer(body=job())))
    home, client, _ = serve(in_turn(Answer(302, b"", {"Location": stranger.url + "/v1/jobs/b_1"})))
    with pytest.raises(topmast.RedirectRefused, match="API key would go along"):
        client.jobs.get("b_1")
    assert stranger.seen == []
    home.script = in_turn(Answer(307, b"", {"Location": "/elsewhere"}))
    with pytest.raises(topmast.RedirectRefused, match="redirects a submit"):
        client.bundle(["jw1"])


def test_a_redirect_within_the_service_is_followed(serve) -> None:
    service, client, _ = serve(in_turn(Answer(303, b"", {"Location": "/v1/jobs/b_2?a=1"}), Answer(body=job("b_2"))))
    assert client.jobs.get("b_1").id == "b_2"
    assert service.seen[1].query == [("a", "1")]


def test_redirects_in_a_circle_end(serve) -> None:
    service, client, _ = serve(in_turn(Answer(302, b"", {"Location": "/v1/jobs/b_1"})))
    with pytest.raises(topmast.RedirectRefused, match="circle"):
        client.jobs.get("b_1")
    assert len(service.seen) == 5


@pytest.mark.parametrize("job_id", ["../searches/s_1", "b 1?x#y", "b/1", "b%2F1"])
def test_an_id_stays_one_segment_of_the_path(serve, job_id) -> None:
    service, client, _ = serve(in_turn(problem(404, "unknown_job")))
    with pytest.raises(topmast.NotFound):
        client.jobs.get(job_id)
    assert service.seen[0].path.count("/") == 3
    assert service.seen[0].query == []


@pytest.mark.parametrize("job_id", ["", "..", "."])
def test_no_id_is_not_sent(serve, job_id) -> None:
    service, client, _ = serve(in_turn(MADE))
    with pytest.raises(topmast.UsageError):
        client.jobs.get(job_id)
    assert service.seen == []


def test_the_key_is_sent_and_never_shown(serve, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    service, client, _ = serve(in_turn(Reset(), problem(401, "unauthenticated")))
    with pytest.raises(topmast.NotAuthenticated) as caught:
        client.jobs.get("b_1")
    assert service.seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert service.seen[0].headers["user-agent"].startswith("topmast-sdk/")
    shown = repr(client) + str(caught.value) + repr(caught.value) + caplog.text
    shown += repr(topmast.Job.from_json(job(), client._session))
    assert KEY not in shown


def test_a_closed_client_says_so(serve) -> None:
    _, client, _ = serve(in_turn(MADE))
    with client:
        pass
    client.close()
    with pytest.raises(topmast.UsageError, match="closed"):
        client.jobs.get("b_1")


def test_jobs_outlive_the_client_object() -> None:
    """`topmast.Client().bundle(…)` in a notebook: the connections belong to whoever still uses them."""
    with serving(in_turn(Answer(body=job()))) as service:
        snapshot = topmast.Client(service.url, KEY).jobs.get("b_1")
        assert snapshot.refresh().id == "b_1"
        snapshot._session.close()


def test_abort_and_delete(serve) -> None:
    service, client, _ = serve(in_turn(Answer(202, job(phase="ABORTED")), Answer(204, b"")))
    job_now = topmast.Job.from_json(job(), client._session)
    assert job_now.abort().phase == "ABORTED"
    job_now.delete()
    assert [(seen.method, seen.path) for seen in service.seen] == [
        ("POST", "/v1/jobs/b_1/abort"),
        ("DELETE", "/v1/jobs/b_1"),
    ]


def test_a_delete_whose_answer_was_lost_is_done(serve) -> None:
    service, client, _ = serve(in_turn(Reset(), problem(404, "unknown_job")))
    topmast.Job.from_json(job(), client._session).delete()
    assert [seen.method for seen in service.seen] == ["DELETE", "DELETE"]


def test_a_service_below_a_path(serve) -> None:
    service, _, _ = serve(in_turn(Answer(302, b"", {"Location": "/top/v1/jobs/b_2"}), Answer(body=job("b_2"))))
    with topmast.Client(service.url + "/top/", KEY) as client:
        assert client.jobs.get("b_1").id == "b_2"
    assert service.paths() == ["/top/v1/jobs/b_1", "/top/v1/jobs/b_2"]
