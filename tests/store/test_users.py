"""Users and keys: a key opens until it is revoked, and is nowhere to be read."""

from __future__ import annotations

import pytest
import redis

from topmast_service.errors import Invalid, NotFound, Unauthenticated
from topmast_service.store.keys import ApiKeys
from topmast_service.store.users import Users


def test_a_key_opens_until_it_is_revoked(client: redis.Redis) -> None:
    users = Users(client)
    users.add("alice", email="alice@example.org")
    keys = ApiKeys(client, users)
    key = keys.new("alice").secret
    assert keys.sign_in(key).user.email == "alice@example.org"
    (facts,) = keys.of("alice")
    assert facts.last_used
    keys.revoke("alice", facts.id)
    with pytest.raises(Unauthenticated):
        keys.sign_in(key)
    assert keys.of("alice") == []


def test_the_key_itself_is_not_kept(client: redis.Redis) -> None:
    users = Users(client)
    users.add("alice")
    secret = ApiKeys(client, users).new("alice").secret.split("_", 2)[2]  # which may have underscores of its own
    stored = [str(client.hgetall(k) if client.type(k) == "hash" else client.smembers(k)) for k in client.keys("*")]
    assert stored
    assert not [s for s in stored if secret in s]


@pytest.mark.parametrize("name", ["", "Alice", "1a", "a/b", "..", "a" * 33, "alice\n"])
def test_names_that_could_leave_a_folder_are_refused(client: redis.Redis, name: str) -> None:
    with pytest.raises(Invalid):
        Users(client).add(name)


def test_nobody_revokes_what_is_not_theirs(client: redis.Redis) -> None:
    users = Users(client)
    users.add("alice")
    users.add("bob")
    keys = ApiKeys(client, users)
    with pytest.raises(NotFound):
        keys.revoke("bob", keys.new("alice").facts.id)


def test_everybody_is_listed(client: redis.Redis) -> None:
    users = Users(client)
    users.add("bob")
    users.add("alice")
    assert [u.name for u in users.everybody()] == ["alice", "bob"]
