"""A key opens as long, and as wide, as it was made; records of earlier releases as before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import redis

from tests.store.conftest import client, redis_process
from topmast_service.domain.scopes import SCOPES, USUAL
from topmast_service.errors import Invalid, TooManyKeys, Unauthenticated, UnknownKey, UserExists
from topmast_service.store import keys as keys_module
from topmast_service.store.keys import ApiKeys
from topmast_service.store.users import User, Users

__all__ = ["client", "redis_process"]

DAY = timedelta(days=1)


class Clock:
    """What the keys take for now."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def users(client: redis.Redis) -> Users:
    found = Users(client)
    found.add("ann")
    return found


@pytest.fixture
def keys(client: redis.Redis, users: Users, clock: Clock) -> Iterator[ApiKeys]:
    return ApiKeys(client, users, clock)


def test_a_key_has_the_usual_scopes_unless_others_are_named(keys: ApiKeys, users: Users) -> None:
    users.change("ann", role="operator")
    assert keys.sign_in(keys.new("ann").secret).scopes == USUAL
    assert keys.sign_in(keys.new("ann", scopes=()).secret).scopes == USUAL
    assert keys.sign_in(keys.new("ann", scopes=("read", "admin")).secret).scopes == ("read", "admin")


def test_a_member_s_key_cannot_have_admin(keys: ApiKeys) -> None:
    with pytest.raises(Invalid, match="admin"):
        keys.new("ann", scopes=SCOPES)
    assert keys.of("ann") == []


def test_who_is_no_operator_any_more_keeps_a_key_without_admin(keys: ApiKeys, users: Users) -> None:
    users.change("ann", role="operator")
    everything, only = keys.new("ann", scopes=SCOPES).secret, keys.new("ann", scopes=("admin",)).secret
    users.change("ann", role="member")
    assert keys.sign_in(everything).scopes == USUAL
    assert keys.sign_in(only).scopes == ()


def test_a_key_opens_until_its_end(keys: ApiKeys, clock: Clock) -> None:
    key = keys.new("ann", expires=clock.now + DAY).secret
    clock.now += DAY - timedelta(seconds=1)
    assert keys.sign_in(key).user.name == "ann"
    clock.now += timedelta(seconds=1)
    with pytest.raises(Unauthenticated, match="ended"):
        keys.sign_in(key)


def test_a_key_that_ended_is_listed_for_a_month_and_then_forgotten(
    keys: ApiKeys, clock: Clock, client: redis.Redis
) -> None:
    ended = keys.new("ann", expires=clock.now - DAY).facts
    keys.new("ann", expires=clock.now - 31 * DAY)
    assert [facts.id for facts in keys.of("ann")] == [ended.id]
    keys.new("ann")
    assert client.scard("topmast:keys:ann") == 2


def test_use_is_noted_once_a_minute(keys: ApiKeys, clock: Clock) -> None:
    made, begin = keys.new("ann"), clock.now
    noted = []
    for seconds in (0, 59, 60, 61):
        clock.now = begin + timedelta(seconds=seconds)
        keys.sign_in(made.secret)
        noted.append(keys.get("ann", made.facts.id).last_used)
    minute = begin + timedelta(minutes=1)
    assert noted == [begin, begin, minute, minute]


def test_a_key_in_the_place_of_another_does_the_same_for_as_long(keys: ApiKeys, clock: Clock) -> None:
    old = keys.new("ann", scopes=("read",), label="cron", expires=clock.now + 90 * DAY)
    clock.now += 80 * DAY
    new = keys.rotate("ann", old.facts.id)
    assert (new.facts.scopes, new.facts.label) == (("read",), "cron")
    assert new.facts.expires == clock.now + 90 * DAY
    assert keys.sign_in(new.secret).key_id == new.facts.id
    with pytest.raises(Unauthenticated):
        keys.sign_in(old.secret)
    assert [facts.id for facts in keys.of("ann")] == [new.facts.id]


def test_with_an_overlap_both_open_for_a_while(keys: ApiKeys, clock: Clock) -> None:
    old = keys.new("ann")
    new = keys.rotate("ann", old.facts.id, timedelta(hours=1))
    assert new.facts.expires is None
    clock.now += timedelta(minutes=59)
    assert {keys.sign_in(key.secret).key_id for key in (old, new)} == {old.facts.id, new.facts.id}
    clock.now += timedelta(minutes=1)
    with pytest.raises(Unauthenticated):
        keys.sign_in(old.secret)
    assert keys.sign_in(new.secret)


def test_an_overlap_makes_no_key_live_longer(keys: ApiKeys, clock: Clock) -> None:
    old = keys.new("ann", expires=clock.now + timedelta(minutes=1))
    keys.rotate("ann", old.facts.id, DAY)
    assert keys.get("ann", old.facts.id).expires == clock.now + timedelta(minutes=1)


def test_one_key_is_rotated_once_however_many_try(users: Users, redis_process) -> None:
    with redis.Redis.from_url(redis_process.url, decode_responses=True) as real:
        real.flushall()
        found = ApiKeys(real, Users(real))
        Users(real).add("ann")
        old = found.new("ann").facts.id

        def attempt(_: int) -> bool:
            try:
                return bool(found.rotate("ann", old).secret)
            except UnknownKey:
                return False

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(attempt, range(8))) == 1
        assert len(found.of("ann")) == 1


def test_a_user_has_only_so_many_keys(keys: ApiKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "MOST", 2)
    first = keys.new("ann").facts.id
    keys.new("ann")
    with pytest.raises(TooManyKeys):
        keys.new("ann")
    with pytest.raises(TooManyKeys):
        keys.rotate("ann", first, DAY)
    keys.rotate("ann", first)
    assert len(keys.of("ann")) == 2


def test_the_keys_of_a_disabled_user_open_nothing_until_they_are_enabled(keys: ApiKeys, users: Users) -> None:
    key = keys.new("ann").secret
    users.change("ann", disabled=True)
    with pytest.raises(Unauthenticated, match="disabled"):
        keys.sign_in(key)
    users.change("ann", disabled=False)
    assert keys.sign_in(key)


def test_a_key_revoked_while_it_signs_in_leaves_nothing_behind(
    keys: ApiKeys, client: redis.Redis, users: Users
) -> None:
    made = keys.new("ann")
    get = users.get

    def revoked_meanwhile(name: str) -> User:
        keys.revoke("ann", made.facts.id)
        return get(name)

    users.get = revoked_meanwhile  # type: ignore[method-assign]
    keys.sign_in(made.secret)
    assert client.keys("topmast:key:*") == []


def test_records_of_earlier_releases_open_for_all_that_the_role_allows(
    keys: ApiKeys, users: Users, client: redis.Redis, clock: Clock
) -> None:
    key = "tm_0123abcd_" + "s" * 32
    old = hashlib.sha256(key.encode()).hexdigest()
    client.hset(
        "topmast:user:old",
        mapping={"name": "old", "email": "o@x.org", "role": "member", "created": "2026-07-01T12:00:00Z"},
    )
    client.hset(
        f"topmast:key:{old}",
        mapping={
            "id": "0123abcd",
            "user": "old",
            "created": "2026-07-01T12:00:00Z",
            "last_used": "2026-07-02T00:00:00Z",
        },
    )
    client.sadd("topmast:keys:old", old)
    assert users.get("old") == User("old", "o@x.org", "member", "2026-07-01T12:00:00Z")
    assert keys.sign_in(key).scopes == USUAL
    users.change("old", role="operator")
    assert keys.sign_in(key).scopes == SCOPES
    new = keys.rotate("old", "0123abcd")
    assert (new.facts.scopes, new.facts.expires) == ((), None)
    assert keys.sign_in(new.secret).scopes == SCOPES
    with pytest.raises(Unauthenticated):
        keys.sign_in(key)


def test_to_add_a_user_again_forgets_nothing_that_was_not_told(users: Users, client: redis.Redis) -> None:
    users.add("bob", email="bob@example.org", role="portal")
    client.hset("topmast:user:bob", "created", "2020-01-01T00:00:00Z")
    users.change("bob", disabled=True)
    assert users.add("bob") == User("bob", "bob@example.org", "portal", "2020-01-01T00:00:00Z", True)
    assert users.add("bob", email="b@example.org").role == "portal"
    assert users.add("bob", role="member").email == "b@example.org"


def test_a_name_is_taken_once(users: Users) -> None:
    users.create("bob", mark="r1")
    assert users.create("bob", mark="r1").name == "bob"
    for mark in ("", "r2"):
        with pytest.raises(UserExists):
            users.create("bob", role="operator", mark=mark)
    assert users.get("bob").role == "member"


@pytest.mark.parametrize(
    "email", ["a", "a@b\nBcc: x@y.org", "A B <a@b.org>", "a@b.org\r", "\x00@b.org", "a@" + "b" * 99]
)
def test_an_address_that_could_begin_another_line_of_a_mail_is_refused(users: Users, email: str) -> None:
    with pytest.raises(Invalid):
        users.add("ann", email=email)
    assert users.get("ann").email == ""


@pytest.mark.parametrize("role", ["", "root", "Operator"])
def test_a_role_is_one_of_three(users: Users, role: str) -> None:
    with pytest.raises(Invalid):
        users.change("ann", role=role)
