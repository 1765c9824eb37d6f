"""Users and their API keys; a key is kept only as its hash.

A key looks like ``tm_<key id>_<secret>``. The secret has 192 random bits, so a plain SHA-256 is enough (there is no
word list to try), and looking the hash up is constant-time for the attacker's purpose: a near miss has another hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from topmast_service.errors import Invalid, NotFound, Unauthenticated
from topmast_service.store.connection import PREFIX, Client

USER_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
"""User names are folder names and FTPS logins too, hence so narrow (design: §9 Names)."""


@dataclass(frozen=True)
class User:
    """Who asks. `email` is where notices go when the request names nobody."""

    name: str
    email: str = ""
    role: str = "member"
    created: str = ""


@dataclass(frozen=True)
class KeyFacts:
    """What may be shown of a key: never the key."""

    id: str
    user: str
    created: str
    last_used: str = ""


class Users:
    """All users of this installation."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    def add(self, name: str, *, email: str = "", role: str = "member") -> User:
        """Create or update a user.

        Raises
        ------
        Invalid
            The name is not ``[a-z][a-z0-9_-]{0,31}``.
        """
        if not USER_NAME.fullmatch(name):
            raise Invalid(f"{name!r} is not a user name.", hint="Use a-z, 0-9, _ and -, beginning with a letter.")
        user = User(name, email, role, _today())
        self._redis.hset(f"{PREFIX}user:{name}", mapping=asdict(user))
        return user

    def get(self, name: str) -> User:
        """The user called `name`; `NotFound` if there is none."""
        stored = self._redis.hgetall(f"{PREFIX}user:{name}")
        if not stored:
            raise NotFound(f"There is no user {name}.")
        return User(**stored)

    def everybody(self) -> list[User]:
        """All users, by name."""
        names = sorted(str(key).removeprefix(f"{PREFIX}user:") for key in self._redis.scan_iter(f"{PREFIX}user:*"))
        return [self.get(name) for name in names]

    def new_key(self, name: str) -> str:
        """A new API key for `name`, shown this once."""
        self.get(name)
        key_id, secret = secrets.token_hex(4), secrets.token_urlsafe(24)
        key = f"tm_{key_id}_{secret}"
        facts = KeyFacts(key_id, name, _today())
        self._redis.hset(f"{PREFIX}key:{_hash(key)}", mapping=asdict(facts))
        self._redis.sadd(f"{PREFIX}keys:{name}", _hash(key))
        return key

    def sign_in(self, key: str) -> User:
        """Whose key this is; notes the day of use.

        Raises
        ------
        Unauthenticated
            Nobody's, or revoked.
        """
        name = f"{PREFIX}key:{_hash(key)}"
        owner = self._redis.hget(name, "user")
        if owner is None:
            raise Unauthenticated("The API key is not known here.")
        self._redis.hset(name, "last_used", _today())
        return self.get(str(owner))

    def keys(self, name: str) -> list[KeyFacts]:
        """The facts of all keys of `name`."""
        hashes = self._redis.smembers(f"{PREFIX}keys:{name}")
        stored = [self._redis.hgetall(f"{PREFIX}key:{h}") for h in hashes]
        return sorted((KeyFacts(**s) for s in stored if s), key=lambda k: k.id)

    def revoke(self, name: str, key_id: str) -> None:
        """Make a key worthless at once; `NotFound` if `name` has no such key."""
        for digest in self._redis.smembers(f"{PREFIX}keys:{name}"):
            if self._redis.hget(f"{PREFIX}key:{digest}", "id") == key_id:
                self._redis.delete(f"{PREFIX}key:{digest}")
                self._redis.srem(f"{PREFIX}keys:{name}", digest)
                return
        raise NotFound(f"User {name} has no key {key_id}.")


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
