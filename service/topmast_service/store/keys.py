"""API keys, kept only as their hashes (`key_records` says how).

A key looks like ``tm_<key id>_<secret>``. The secret has 192 random bits, so a plain SHA-256 is enough (there is no
word list to try), and looking the hash up is constant-time for the attacker's purpose: a near miss has another hash.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from topmast_service.domain.scopes import USUAL, check_wish, granted
from topmast_service.errors import NotFound, TooManyKeys, Unauthenticated, UnknownKey
from topmast_service.store import key_records
from topmast_service.store.connection import Client, time_of
from topmast_service.store.key_records import KeyFacts
from topmast_service.store.users import User, Users

MOST = 100
"""Keys of one user."""

USE_NOTED_EVERY = timedelta(minutes=1)
"""So that reading does not cost a write each time."""

# A key that was revoked meanwhile must not leave a stump behind.
_NOTE_USE = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'last_used', ARGV[1]) end"


@dataclass(frozen=True)
class NewKey:
    """A key on the only occasion that it is shown; a request that is repeated gets it without its `secret`."""

    facts: KeyFacts
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Identity:
    """Who signed in with which key, what it may do for them at this moment, and when it ends."""

    user: User
    scopes: tuple[str, ...]
    key_id: str
    expires: datetime | None = None


class ApiKeys:
    """The keys of all users.

    Parameters
    ----------
    now
        The clock; by default Redis' own, which all processes share.
    """

    def __init__(self, redis: Client, users: Users, now: Callable[[], datetime] | None = None) -> None:
        self._redis = redis
        self._users = users
        self.now = now or partial(time_of, redis)
        self._note_use = redis.register_script(_NOTE_USE)

    def new(
        self,
        name: str,
        *,
        scopes: Sequence[str] = USUAL,
        expires: datetime | None = None,
        label: str = "",
        key_id: str = "",
    ) -> NewKey:
        """A new key for the user `name`; or, without its secret, the one that they have with this id.

        Raises
        ------
        Invalid
            The user's role does not allow these scopes.
        TooManyKeys
            The user has as many as one may.
        """
        check_wish(self._users.get(name).role, scopes)
        end = expires.replace(microsecond=0) if expires else None
        facts = KeyFacts(key_id or new_id(), name, self._second(), None, end, tuple(scopes) or USUAL, label)
        return self._put(facts)

    def rotate(self, name: str, key_id: str, overlap: timedelta = timedelta(0), next_id: str = "") -> NewKey:
        """A key that does what `key_id` does, for as long as that did; which ends at once, or after `overlap`.

        `UnknownKey`, `TooManyKeys`. If the user has a key with the id `next_id`: that one, without its secret.
        """
        for known in self.of(name):
            if known.id == next_id:
                return NewKey(known)
        old, now = self.get(name, key_id), self._second()
        expires = now + (old.expires - old.created) if old.expires else None
        facts = replace(old, id=next_id or new_id(), created=now, last_used=None, expires=expires)
        return self._put(facts, old, now + overlap if overlap else None)

    def sign_in(self, key: str) -> Identity:
        """Whose key this is, and what it may; notes that it was used.

        Raises
        ------
        Unauthenticated
            Nobody's, revoked or ended, or its user is disabled.
        """
        digest, now = key_records.digest_of(key), self.now()
        facts = key_records.read(self._redis, digest)
        if facts is None:
            raise Unauthenticated("The API key is not known here.")
        if facts.expires and facts.expires <= now:
            raise Unauthenticated("The API key has ended.", hint="Make another one, or ask whoever runs this topmast.")
        user = self._owner(facts)
        if not facts.last_used or now - facts.last_used >= USE_NOTED_EVERY:
            self._note_use(keys=[key_records.record(digest)], args=[key_records.text(now)])
        return Identity(user, granted(user.role, facts.scopes), facts.id, facts.expires)

    def of(self, name: str) -> list[KeyFacts]:
        """The facts of all keys of `name`, the newest last."""
        found = key_records.read_all(self._redis, name).values()
        return sorted(found, key=lambda facts: (facts.created, facts.id))

    def get(self, name: str, key_id: str) -> KeyFacts:
        """The facts of one key; `UnknownKey` if `name` has no such key."""
        return self._found(self._redis, name, key_id)[1]

    def revoke(self, name: str, key_id: str) -> None:
        """Make a key worthless at once; `UnknownKey` if `name` has no such key."""
        digest, facts = self._found(self._redis, name, key_id)
        with self._redis.pipeline() as pipe:
            key_records.end(pipe, digest, facts)
            pipe.execute()

    def _second(self) -> datetime:
        """Now, as records have it."""
        return self.now().replace(microsecond=0)

    def _owner(self, facts: KeyFacts) -> User:
        try:
            user = self._users.get(facts.user)
        except NotFound:
            raise Unauthenticated("The API key is of nobody who is known here.") from None
        if user.disabled:
            raise Unauthenticated(f"The user {user.name} is disabled.", hint="Ask whoever runs this topmast.")
        return user

    def _found(self, redis: Client, name: str, key_id: str) -> tuple[str, KeyFacts]:
        for digest, facts in key_records.read_all(redis, name).items():
            if facts.id == key_id:
                return digest, facts
        raise UnknownKey(f"User {name} has no key {key_id}.")

    def _put(self, facts: KeyFacts, old: KeyFacts | None = None, until: datetime | None = None) -> NewKey:
        """Write a key and end `old`, in one step; unless the user has one of this id by now."""
        index, key = key_records.index(facts.user), f"tm_{facts.id}_{secrets.token_urlsafe(24)}"

        def write(pipe: Any) -> NewKey:
            known = key_records.read_all(pipe, facts.user)
            for found in known.values():
                if found.id == facts.id:
                    return NewKey(found)
            ended = self._found(pipe, old.user, old.id) if old else None
            if len(known) >= MOST and (until or not ended):
                raise TooManyKeys(f"User {facts.user} has {len(known)} keys.")
            forgotten = set(pipe.smembers(index)) - set(known)
            pipe.multi()
            key_records.write(pipe, key_records.digest_of(key), facts)
            if ended:
                key_records.end(pipe, *ended, until)
            if forgotten:
                pipe.srem(index, *forgotten)
            return NewKey(facts, key)

        made: NewKey = self._redis.transaction(write, index, value_from_callable=True)
        return made


def new_id() -> str:
    """The id of a key that is not there yet."""
    return secrets.token_hex(4)
