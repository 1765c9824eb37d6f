"""One exclusive file, one cache, and users of whom MAST gives it to some."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from stat import S_IMODE

import pytest

from tests.access.people import LATER, OPEN, PROGRAM, SECRET, Group, grant, uri
from topmast_service import container
from topmast_service.staging.cache import Cache

WITHHELD = ("WITHHELD", "not_authorized")


@pytest.mark.parametrize("order", [("alice", "bob"), ("bob", "alice")])
def test_the_entitled_one_gets_it_and_the_other_does_not(group: Group, order: tuple[str, str]) -> None:
    told = {name: group.told(group.bundle_of(name, SECRET, OPEN)) for name in order}
    assert told["alice"][SECRET] == ("OK", "ok")
    assert told["bob"][SECRET] == WITHHELD
    assert {one[OPEN][0] for one in told.values()} == {"OK"}
    asked = group.asked(SECRET)
    assert asked["alice"].keys() == {"200"}, "her token was never refused"
    assert asked["bob"].keys() == {"401"}
    assert asked["anonymous"].keys() == {"401"}
    assert set(group.asked(OPEN)) == {"anonymous"}, "a token goes with nothing that is public"


def test_both_at_the_same_moment(group: Group) -> None:
    jobs = {name: group.begun(name, SECRET, LATER, OPEN) for name in ("alice", "bob", "dave")}
    workers = [threading.Thread(target=container.for_transfer(group.settings).run) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    group.transfer()  # what was put back because another had it in hand
    told = {name: group.told(group.publish(job.id)) for name, job in jobs.items()}
    for name in ("alice", "dave"):
        assert [status for status, _ in told[name].values()] == ["OK", "OK", "OK"], told
    assert told["bob"] == {SECRET: WITHHELD, LATER: WITHHELD, OPEN: ("OK", told["bob"][OPEN][1])}
    asked = [group.asked(SECRET), group.asked(LATER)]
    answers = {name: {status for one in asked for status in one.get(name, {})} for name in jobs}
    assert answers == {"alice": {"200"}, "bob": {"401"}, "dave": {"200"}}


def test_its_bytes_come_once_for_all_who_may_have_them(group: Group) -> None:
    group.bundle_of("alice", SECRET)
    moved = group.sandbox.requests()["files"][uri(SECRET)]["bytes"]
    told = group.told(group.bundle_of("dave", SECRET))
    assert told[SECRET] == ("OK", "cached")
    assert group.sandbox.requests()["files"][uri(SECRET)]["bytes"] == moved
    assert group.asked(SECRET)["dave"], "MAST was asked whether Dave may have it"


def test_on_disk_only_the_service_reads_it(group: Group) -> None:
    done = group.bundle_of("alice", SECRET, OPEN)
    box = group.api.stores.trees.path("alice", done.id, 1)
    modes = {path.name: S_IMODE(path.stat().st_mode) for path in box.rglob("*.fits")}
    assert modes == {SECRET: 0o400, OPEN: 0o444}
    written = group.bundle_of("alice", SECRET, OPEN, layout="pipeline")
    box = group.api.stores.trees.path("alice", written.id, 1)
    assert {path.name: S_IMODE(path.stat().st_mode) for path in box.rglob("*.fits")} == {SECRET: 0o600, OPEN: 0o644}


def test_nobody_finds_it_by_forgetting_to_ask(group: Group) -> None:
    group.bundle_of("alice", SECRET)
    cache = Cache(group.settings.cache)
    assert cache.newest(uri(SECRET)) is None
    assert cache.newest(uri(SECRET), proven=True) is not None


def test_a_token_that_opens_a_public_file_proves_nothing(group: Group) -> None:
    """Bob's token is accepted for a file of the program that has been released, as anybody's is."""
    group.bundle_of("alice", SECRET)
    group.sandbox.post("rights", uri=uri(LATER), rights="EXCLUSIVE_ACCESS")
    group.sandbox.set(exclusive_still_200=[uri(LATER)])
    told = group.told(group.bundle_of("bob", LATER, SECRET))
    assert (told[LATER][0], told[SECRET]) == ("OK", WITHHELD)
    assert not group.api.rights.proven("bob", uri(SECRET))


@pytest.mark.parametrize("change", ["withdrawn", "another token"])
def test_what_was_proven_before_counts_no_more(group: Group, change: str) -> None:
    """A grant that is withdrawn shows within minutes, and at once where MAST refuses anything of it."""
    group.bundle_of("alice", SECRET)
    if change == "withdrawn":
        grant(group.sandbox, alice=[])
        group.api.rights.proofs.void("alice")  # the minutes are over
    else:
        group.sandbox.post("tokens", grant={"user": "bob", "programs": []})
        group.api.mast_tokens.put("alice", group.tokens["bob"])
    assert group.told(group.bundle_of("alice", SECRET))[SECRET] == WITHHELD


def test_a_refusal_voids_every_proof(group: Group) -> None:
    group.bundle_of("alice", SECRET)
    assert group.api.rights.shown("alice", uri(SECRET))
    group.sandbox.post("rights", uri=uri(OPEN), rights="RESTRICTED")
    assert group.told(group.bundle_of("alice", OPEN))[OPEN][0] == "WITHHELD"
    assert not group.api.rights.shown("alice", uri(SECRET))


def test_restricted_is_for_nobody(group: Group) -> None:
    group.sandbox.post("rights", program=PROGRAM, rights="RESTRICTED")
    done = group.observations_of("alice", "jw04321-o001_t001_miri_f770w", "jw01558-o001_t001_miri_f1000w")
    assert group.told(done)[SECRET] == ("WITHHELD", "not_authorized: restricted, MAST gives it to nobody")
    assert group.rows(done)[SECRET]["access"] == "restricted"
    assert group.asked(SECRET) == {}


def test_unknown_is_exclusive(group: Group) -> None:
    group.sandbox.post("rights", program=PROGRAM, rights=None)
    done = group.observations_of("alice", "jw04321-o001_t001_miri_f770w")
    assert (group.told(done)[SECRET][0], group.rows(done)[SECRET]["access"]) == ("OK", "unknown")
    assert group.told(group.bundle_of("bob", SECRET))[SECRET] == WITHHELD


def test_released_but_still_refused_stays_with_its_program(group: Group) -> None:
    day = datetime.now(UTC) - timedelta(days=1)
    group.sandbox.post("rights", program=PROGRAM, release=day.isoformat())
    group.sandbox.set(released_still_401=[PROGRAM])
    names = ("jw04321-o001_t001_miri_f770w", "jw01558-o001_t001_miri_f1000w")
    done = group.observations_of("alice", *names)
    assert (group.told(done)[SECRET][0], group.rows(done)[SECRET]["access"]) == ("OK", "exclusive")
    theirs = group.told(group.observations_of("bob", *names))
    assert theirs[SECRET] == ("WITHHELD", f"not_authorized: released on {day:%Y-%m-%d}, and MAST still refuses it")


def test_what_mast_gives_to_everybody_is_for_everybody_without_a_byte(group: Group) -> None:
    done = group.bundle_of("alice", SECRET)
    moved = group.sandbox.requests()["files"][uri(SECRET)]["bytes"]
    group.sandbox.post("rights", program=PROGRAM, rights="PUBLIC")
    told = group.told(group.bundle_of("erin", SECRET))
    assert told[SECRET] == ("OK", "cached")
    assert group.sandbox.requests()["files"][uri(SECRET)]["bytes"] == moved
    path = group.api.stores.trees.path("alice", done.id, 1) / group.rows(done)[SECRET]["path"]
    assert S_IMODE(path.stat().st_mode) == 0o444


def test_a_public_file_that_somebody_fetches_with_a_token_stays_public(group: Group) -> None:
    group.bundle_of("erin", OPEN)
    cache = Cache(group.settings.cache)
    version = cache.newest(uri(OPEN))
    assert version is not None
    with cache.open_part(uri(OPEN), wait=5):
        cache.touch(uri(OPEN), version, datetime.now(UTC), exclusive=True)
    assert cache.newest(uri(OPEN)) is not None
