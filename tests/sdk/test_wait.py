"""Waiting survives what networks and services do, within the user's total time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import topmast
from tests.sdk.documents import bundle, job, search
from tests.sdk.scripted import KEY, Answer, Hang, Reset, Seen, in_turn, problem, serving
from topmast._retry import RetryPolicy
from topmast._wait import GRACE, SLOWEST, Pace

RUNNING = Answer(body=job(phase="EXECUTING"))


def polls(*answers):
    """A bundle whose polls get `answers` and which is then complete."""
    turn = in_turn(*answers, Answer(body=job(phase="COMPLETED", version=9)))

    def script(seen: Seen):
        return Answer(body=bundle(version=9)) if seen.path == "/v1/bundles/b_1" else turn(seen)

    return script


def running(client: topmast.Client) -> topmast.Bundle:
    return topmast.Bundle.from_json(job(), client._session)


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([problem(503, "busy"), problem(503, "busy")], id="two 503s"),
        pytest.param([Reset()], id="a reset"),
        pytest.param([problem(429, "busy", headers={"Retry-After": "2"})], id="a 429"),
        pytest.param([Answer(body=job(phase="DEFLATING"))], id="an unknown phase"),
        pytest.param([Answer(body=b"<html>maintenance</html>")], id="a proxy's page"),
        pytest.param([Answer(500, b"oops")], id="a 500 without a problem"),
        pytest.param([Answer(body=job(), cut=20)], id="a cut answer"),
        pytest.param([Answer(body=[1, 2])], id="not an object"),
        pytest.param([Answer(body={})], id="an empty document"),
    ],
)
def test_wait_survives(serve, faults) -> None:
    service, client, _ = serve(polls(*faults))
    done = running(client).wait(timeout=60)
    assert (done.phase, done.counts["selected"]) == ("COMPLETED", 2)
    assert done.id == "b_1"
    assert len(service.seen) == len(faults) + 2


def test_retry_after_of_a_429_is_honoured(serve) -> None:
    _, client, clock = serve(polls(problem(429, "busy", headers={"Retry-After": "7"})))
    running(client).wait(timeout=60)
    assert clock.sleeps == [7.0]


def test_a_service_too_busy_to_hold_polls_is_asked_without(serve) -> None:
    service, client, _ = serve(lambda seen: RUNNING if seen.value("wait") == "0" else problem(503, "busy"))
    with pytest.raises(topmast.WaitTimeout):
        running(client).wait(timeout=2000)  # longer than it would bear with faults alone
    assert {seen.value("wait") for seen in service.seen} >= {"0", "20"}


def test_retry_after_while_pending_sets_the_pace(serve) -> None:
    pending = Answer(body=job(phase="QUEUED"), headers={"Retry-After": "5"})
    _, client, clock = serve(polls(pending, pending))
    running(client).wait(timeout=60)
    assert clock.sleeps == [5.0, 5.0]


def test_a_pause_longer_than_the_time_left_still_leaves_a_last_look(serve) -> None:
    pending = Answer(body=job(phase="QUEUED"), headers={"Retry-After": "50"})
    service, client, clock = serve(polls(pending))
    assert running(client).wait(timeout=10).ok
    assert clock.sleeps == [9.0]
    assert len(service.seen) == 3


def test_a_job_that_never_ends_times_out_and_is_not_hammered(serve) -> None:
    service, client, clock = serve(in_turn(RUNNING))
    with pytest.raises(topmast.WaitTimeout, match=r"EXECUTING.*client\.jobs\.get\('b_1'\)") as caught:
        running(client).wait(timeout=300)
    assert caught.value.job.phase == "EXECUTING"
    assert isinstance(caught.value, TimeoutError)
    assert clock.now == pytest.approx(1300)
    assert len(service.seen) < 25


def test_only_faults_until_the_time_is_over(serve) -> None:
    _, client, clock = serve(in_turn(problem(503, "busy")))
    with pytest.raises(topmast.WaitTimeout) as caught:
        running(client).wait(timeout=60)
    assert isinstance(caught.value.__cause__, topmast.ServerError)
    assert clock.now == pytest.approx(1060)


def test_nothing_but_faults_ends_a_wait_without_limit(serve) -> None:
    _, client, clock = serve(in_turn(problem(503, "busy")))
    with pytest.raises(topmast.ServerError):
        running(client).wait()
    assert clock.now > 1600


@pytest.mark.timeout(15)  # without the cut, the poll's own patience is 30 s
def test_a_server_that_accepts_and_never_answers() -> None:
    with serving(in_turn(Hang())) as service, topmast.Client(service.url, KEY) as client:
        with pytest.raises(topmast.WaitTimeout):
            running(client).wait(timeout=0.3)
        assert service.paths()[0] == "/v1/jobs/b_1"


@pytest.mark.timeout(15)
def test_a_search_whose_submit_is_never_answered() -> None:
    with (
        serving(in_turn(Hang())) as service,
        topmast.Client(service.url, KEY) as client,
        pytest.raises(topmast.TimedOut),
    ):
        client.search("m57 r=1m", timeout=0.3)


@pytest.mark.timeout(15)
def test_details_that_never_come_are_a_wait_timeout() -> None:
    def script(seen: Seen):
        return Hang() if seen.path.startswith("/v1/bundles/") else Answer(body=job(phase="COMPLETED"))

    with serving(script) as service, topmast.Client(service.url, KEY) as client, pytest.raises(topmast.WaitTimeout):
        running(client).wait(timeout=0.3)


def test_polls_are_held_by_version_and_cut_to_the_time_left(serve) -> None:
    service, client, _ = serve(polls(Answer(body=job(version=4)), Answer(body=job(version=5))))
    running(client).wait(timeout=8)
    first, second, third = service.seen[:3]
    assert (first.value("since"), second.value("since"), third.value("since")) == ("1", "4", "5")
    assert first.value("wait") == "7"
    assert all(int(seen.value("wait") or 0) <= 7 for seen in (first, second, third))


def test_wait_asks_for_twenty_seconds_when_there_is_time(serve) -> None:
    service, client, _ = serve(polls())
    running(client).wait()
    assert service.seen[0].value("wait") == "20"


@pytest.mark.parametrize(("status", "kind"), [(404, topmast.NotFound), (401, topmast.NotAuthenticated)])
def test_an_answer_that_will_stay_the_same_ends_the_wait(serve, status, kind) -> None:
    service, client, _ = serve(in_turn(problem(status, "unknown_job")))
    with pytest.raises(kind):
        running(client).wait(timeout=60)
    assert len(service.seen) == 1


def test_a_done_job_needs_no_poll(serve) -> None:
    service, client, _ = serve(in_turn(Answer(body=bundle())))
    assert topmast.Bundle.from_json(bundle(), client._session).wait(timeout=0.5).revision == 1
    assert service.seen == []
    assert topmast.Bundle.from_json(job(phase="COMPLETED"), client._session).wait(timeout=0.5).revision == 1
    assert service.paths() == ["/v1/bundles/b_1"]


def test_what_a_bundle_said_while_it_ran_is_not_its_last_word(serve) -> None:
    early = {**bundle(phase="EXECUTING"), "bundle": {"revision": None, "counts": {}}}
    _, client, _ = serve(polls(RUNNING))
    assert topmast.Bundle.from_json(early, client._session).wait().revision == 1


def test_faults_at_the_very_end_are_lived_with_too(serve) -> None:
    ends = in_turn(*[problem(503, "busy")] * 8, Reset(), Answer(body=bundle()))
    _, client, _ = serve(
        lambda seen: ends(seen) if seen.path.startswith("/v1/bundles") else Answer(body=job(phase="COMPLETED"))
    )
    assert running(client).wait(timeout=600).revision == 1


def test_a_failed_job_says_why(serve) -> None:
    error = {"code": "target_not_resolved", "detail": "No resolver knows 'm577'", "hint": "Check the spelling."}
    failed = job("s_1", "ERROR", error=error)
    _, client, _ = serve(in_turn(Answer(202, job("s_1", "QUEUED")), Answer(body=failed)))
    with pytest.raises(topmast.JobFailed) as caught:
        client.search("m577 r=1m")
    assert caught.value.code == "target_not_resolved"
    assert str(caught.value).endswith("No resolver knows 'm577'. Check the spelling.")


@pytest.mark.parametrize(
    ("phase", "kind"),
    [("ERROR", topmast.JobFailed), ("ABORTED", topmast.JobAborted), ("ARCHIVED", topmast.JobArchived)],
)
def test_other_ends_raise_unless_told_otherwise(serve, phase, kind) -> None:
    _, client, _ = serve(in_turn(Answer(body=job(phase=phase))))
    with pytest.raises(kind) as caught:
        running(client).wait()
    assert caught.value.job.phase == phase
    assert running(client).wait(raise_on_failure=False).phase == phase


def test_a_job_that_waits_for_its_user_is_not_waited_for(serve) -> None:
    error = {"code": "needs_mast_token", "detail": "You have stored no MAST token here.", "hint": "Store it."}
    held = job("s_1", "HELD", phase_reason="needs_token", error=error)
    _, client, _ = serve(in_turn(Answer(202, job("s_1", "QUEUED")), Answer(body=held)))
    with pytest.raises(topmast.JobHeld) as caught:
        client.search(collection="engineering", mnemonic="SA_ZADUCMDX")
    assert (caught.value.code, caught.value.job.phase) == ("needs_mast_token", "HELD")
    assert "You have stored no MAST token here." in str(caught.value)
    assert "client.set_mast_token(" in str(caught.value)


def test_what_is_to_be_typed_stands_on_the_bar_and_in_the_notebook(serve) -> None:
    error = {"code": "needs_mast_token", "detail": "You have none here.", "hint": "PUT /v1/me/mast-token"}
    held = job("b_1", "HELD", phase_reason="needs_token", step="transfer", error=error)
    _, client, _ = serve(in_turn(Answer(body=held)))
    seen: list[topmast.Progress] = []
    with pytest.raises(topmast.JobHeld) as caught:
        running(client).wait(progress=seen.append)
    assert seen[-1].activity == "HELD: a MAST token is needed"
    card = caught.value.job._repr_html_()
    assert "You have none here. Make a token at" in card
    assert "client.set_mast_token(" in card
    assert "PUT" not in card
    assert "client.set_mast_token(" in topmast.Job.from_json({**held, "error": None})._repr_html_()


def test_a_token_that_was_stored_just_now_lets_it_go_on(serve) -> None:
    """The snapshot in the user's hands is the one of before, and the service needs a moment."""
    held = job(phase="HELD", phase_reason="needs_token")
    _, client, clock = serve(polls(Answer(body=held), Answer(body=held), RUNNING))
    assert topmast.Bundle.from_json(held, client._session).wait().ok
    assert 0 < sum(clock.sleeps) < GRACE


def test_one_that_stays_held_is_not_waited_for_long(serve) -> None:
    held = job(phase="HELD", phase_reason="needs_token")
    _, client, clock = serve(in_turn(Answer(body=held)))
    for limit in (None, 0.0):
        with pytest.raises(topmast.JobHeld):
            topmast.Bundle.from_json(held, client._session).wait(timeout=limit)
    assert GRACE <= sum(clock.sleeps) < 2 * GRACE


def test_a_job_that_was_held_is_waited_for(serve) -> None:
    _, client, _ = serve(polls(Answer(body=job(phase="HELD", phase_reason="user"))))
    assert running(client).wait().phase == "COMPLETED"


def test_ctrl_c_leaves_the_job_running_and_says_how_to_go_on(serve) -> None:
    service, client, _ = serve(in_turn(RUNNING))

    def stop(_progress: topmast.Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        running(client).wait(progress=stop)
    assert "client.jobs.get('b_1')" in caught.value.__notes__[0]
    assert not [seen for seen in service.seen if seen.method != "GET"]


def test_progress_is_told(serve) -> None:
    progress = {"files_total": 4, "files_done": 1, "bytes_total": 100, "bytes_done": 25, "new": {}}
    _, client, _ = serve(polls(Answer(body=job(step="transfer", progress=progress))))
    told: list[topmast.Progress] = []
    running(client).wait(progress=told.append)
    assert told[1] == topmast.Progress(
        "EXECUTING transfer", files_done=1, files_total=4, bytes_done=25, bytes_total=100
    )
    assert told[1].fraction == 0.25
    assert told[-1].activity == "COMPLETED"


def test_a_bar_draws_on_standard_error(serve, capsys) -> None:
    progress = {"files_total": 4, "files_done": 1}
    _, client, _ = serve(polls(Answer(body=job(progress=progress))))
    running(client).wait(progress=True)
    captured = capsys.readouterr()
    assert "b_1" in captured.err
    assert "1/4" in captured.err
    assert captured.out == ""


def test_search_submits_waits_and_brings_its_result(serve) -> None:
    def script(seen: Seen):
        if seen.method == "POST":
            return Answer(202, job("s_1", "PENDING"))
        return Answer(body=search() if seen.path == "/v1/searches/s_1" else job("s_1", "COMPLETED"))

    service, client, _ = serve(script)
    found = client.search("m57 r=1m", mission="JWST", proposal_id="1558")
    assert (found.count, found.notes, found.columns[1].unit) == (2, ("instrument_name expanded",), "s")
    assert service.seen[0].json == {
        "collection": "observations",
        "target": "m57 r=1m",
        "criteria": {"obs_collection": "JWST", "proposal_id": "1558"},
    }


@given(answers=st.lists(st.tuples(st.floats(0, 25), st.booleans(), st.booleans()), max_size=60))
def test_the_pace_never_hammers_and_never_falls_asleep(answers) -> None:
    pace = Pace(RetryPolicy())
    for took, held, changed in answers:
        pause = pace.after_answer(took, held, changed, None)
        assert took + pause >= 0.25
        assert pause <= SLOWEST
