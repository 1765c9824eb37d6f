"""What becomes of bundles while tokens die, dates pass and grants are withdrawn: the manifest before and after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.access.people import LATER, OPEN, PROGRAM, SECRET, Group, grant, uri
from topmast_service import container

FIRST, SECOND = "jw04321-o001_t001_miri_f770w", "jw04321-o002_t001_miri_f770w"
PUBLIC = "jw01558-o001_t001_miri_f1000w"
REFUSED = ("WITHHELD", "not_authorized")


def look(group: Group, job_id: str) -> None:
    """What the query worker does when upkeep says that something may have become public."""
    container.for_query(group.settings).releases.look(job_id)


def test_a_token_that_dies_in_the_middle_holds_the_bundle_until_there_is_another(group: Group) -> None:
    job = group.begun("alice", SECRET, OPEN)
    group.sandbox.post("tokens", revoke=group.tokens["alice"])
    held = group.ended(job)
    assert (held.phase, held.phase_reason, held.error["code"]) == ("HELD", "needs_token", "needs_mast_token")
    group.upkeep()
    assert group.job(job.id).phase == "HELD", "there is no other token yet"
    group.store_token("alice")
    group.upkeep()
    done = group.ended(group.job(job.id))
    assert (done.outcome, group.told(done)[SECRET]) == ("complete", ("OK", "ok"))


def test_its_owner_may_let_it_go_on_without(group: Group) -> None:
    job = group.begun("alice", SECRET, OPEN)
    group.sandbox.post("tokens", revoke=group.tokens["alice"])
    group.ended(job)
    group.api.control.run(group.user("alice"), job.id)
    done = group.ended(group.job(job.id))
    assert (done.outcome, group.told(done)[SECRET]) == ("partial", ("WITHHELD", "needs_mast_token"))
    group.store_token("alice")
    after = group.retry("alice", job.id)
    assert (after.revision, after.outcome, group.told(after)[SECRET]) == (2, "complete", ("OK", "ok"))


def test_a_bundle_of_nothing_else_waits_for_the_first_token(group: Group) -> None:
    body = {"from": {"observations": [FIRST]}, "notify": []}
    job = group.api.submissions.bundle(group.user("erin"), body).job
    held = group.resolve(job.id)
    assert (held.phase, held.phase_reason) == ("HELD", "needs_token")
    group.api.control.run(group.user("erin"), job.id)
    done = group.ended(group.resolve(job.id))
    assert (done.outcome, group.told(done)[SECRET][0]) == ("partial", "WITHHELD")


def test_what_is_withheld_has_its_release_date_and_what_is_public_comes(group: Group) -> None:
    day = datetime.now(UTC) + timedelta(days=40)
    group.sandbox.post("rights", program=PROGRAM, release=day.isoformat())
    done = group.observations_of("bob", FIRST, PUBLIC)
    told, row = group.told(done), group.rows(done)[SECRET]
    assert told == {SECRET: ("WITHHELD", f"not_authorized until {day:%Y-%m-%d}"), OPEN: ("OK", "ok")}
    assert (row["access"], row["release"][:10], row["sha256"]) == ("exclusive", f"{day:%Y-%m-%d}", "")


def test_release_auto_adds_it_when_mast_gives_it_to_everybody(group: Group) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    group.sandbox.post("rights", program=PROGRAM, release=soon.isoformat())
    before = group.observations_of("erin", FIRST, PUBLIC, release="auto")
    assert before.release_due is not None
    assert abs(before.release_due - soon) < timedelta(seconds=2)
    look(group, before.id)
    assert group.job(before.id).phase == "COMPLETED", "nothing has been released"
    group.sandbox.post("rights", program=PROGRAM, rights="PUBLIC")
    look(group, before.id)
    assert (group.job(before.id).phase, group.job(before.id).step) == ("QUEUED", "again")
    after = group.again(before.id)
    assert (after.revision, after.outcome, after.release_due) == (2, "complete", None)
    assert [status for status, _ in group.told(after).values()] == ["OK", "OK"]
    assert group.rows(after)[SECRET]["access"] == "public"


def test_upkeep_asks_for_it_when_its_day_has_come(group: Group) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    group.sandbox.post("rights", program=PROGRAM, release=soon.isoformat())
    job = group.observations_of("erin", FIRST, PUBLIC, release="auto")
    assert group.api.stores.jobs.due_for_release(datetime.now(UTC)) == []
    assert group.api.stores.jobs.due_for_release(soon + timedelta(minutes=1)) == [job.id]


def test_a_date_that_was_moved_is_read_again_and_waited_for(group: Group) -> None:
    group.sandbox.post("rights", program=PROGRAM, release=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    before = group.observations_of("bob", FIRST, PUBLIC, release="auto")
    moved = datetime.now(UTC) + timedelta(days=200)
    group.sandbox.post("rights", program=PROGRAM, release=moved.isoformat())
    after = group.retry("bob", before.id)
    assert group.told(before)[SECRET] != group.told(after)[SECRET]
    assert group.told(after)[SECRET] == ("WITHHELD", f"not_authorized until {moved:%Y-%m-%d}")
    assert abs(after.release_due - moved) < timedelta(seconds=2)


def test_a_date_that_passes_while_mast_still_refuses_is_asked_about_again(group: Group) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    group.sandbox.post("rights", program=PROGRAM, release=past.isoformat())
    group.sandbox.set(released_still_401=[PROGRAM])
    before = group.observations_of("erin", FIRST, PUBLIC, release="auto")
    assert "MAST still refuses it" in group.told(before)[SECRET][1]
    look(group, before.id)
    waits = group.job(before.id)
    assert (waits.phase, waits.release_due > datetime.now(UTC)) == ("COMPLETED", True)
    group.sandbox.set(released_still_401=[])
    look(group, before.id)
    assert group.told(group.again(before.id))[SECRET][0] == "OK"


def test_a_grant_that_is_withdrawn_shows_in_the_next_revision(group: Group) -> None:
    before = group.bundle_of("alice", SECRET, OPEN)
    grant(group.sandbox, alice=[])
    group.api.rights.proofs.void("alice")
    after = group.retry("alice", before.id)
    assert group.told(before)[SECRET] == ("OK", "ok")
    assert (after.outcome, group.told(after)[SECRET], group.told(after)[OPEN][0]) == ("partial", REFUSED, "OK")


def test_delivered_files_are_released_when_their_day_has_come(group: Group) -> None:
    done = group.observations_of("alice", FIRST, SECOND, PUBLIC)
    assert done.release_due is not None
    group.sandbox.post("rights", uri=uri(SECRET), rights="PUBLIC")
    group.sandbox.post("rights", uri=uri(LATER), rights="EXCLUSIVE_ACCESS")
    row, other = group.rows(done)[SECRET], group.rows(done)[LATER]
    assert not group.api.rights.is_public(row)
    with_past = {**row, "release": ""}
    container.for_query(group.settings).releases._release([with_past, {**other, "release": ""}])
    assert (group.api.rights.is_public(row), group.api.rights.is_public(other)) == (True, False)


def test_associations_of_the_program_are_read_with_its_members_token(group: Group) -> None:
    """What a plan reads of exclusive files, it reads for its owner alone."""
    group.bundle_of("alice", SECRET)
    for name, told in (("alice", "OK"), ("bob", "WITHHELD")):
        job = group.begun(name, SECRET, OPEN, select={"references": ["dark"]})
        assert group.told(group.ended(job))[SECRET][0] == told
    assert {*group.asked(SECRET)["bob"]} == {"401"}
