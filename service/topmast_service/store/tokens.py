"""Users' MAST tokens: Redis holds them encrypted, and the key is not in Redis.

Key ``mast-token:<user>``, a hash: `sealed` (Fernet over user and token), `serial` (which storing this is), and what may
be shown: `name`, `scopes`, `since`, `used`, `refused`, `told` (of what its user was told, and when). A dump or an
append-only file alone opens nothing; a sealed token moved to another user's record does not open either, for it says
whose it is. Key ``mast-tokens``: the set of who has one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from topmast_service.domain.token import Token
from topmast_service.domain.token_life import TokenFacts
from topmast_service.errors import NeedsMastToken
from topmast_service.store.connection import PREFIX, Client, time_of
from topmast_service.store.token_keys import Keys

__all__ = ["Keys", "TokenFacts", "Tokens"]

_OWNERS = f"{PREFIX}mast-tokens"
_NOTE = """
if redis.call('HGET', KEYS[1], 'serial') == ARGV[1] then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
"""


class Tokens:
    """The MAST tokens of this installation's users."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._note = redis.register_script(_NOTE)

    def now(self) -> datetime:
        """The clock by which tokens are dated."""
        return time_of(self._redis)

    def put(self, user: str, token: Token, name: str, scopes: Sequence[str]) -> None:
        """Keep a token that MAST has just accepted, in place of an earlier one.

        Raises
        ------
        UnsafeForTokens
            There is no key to encrypt it with.
        """
        sealed, now = self._keys.seal(user, token.secret), self.now().isoformat()
        told = {"name": name, "scopes": json.dumps(list(scopes)), "since": now, "used": now, "refused": "", "told": ""}
        with self._redis.pipeline() as pipe:
            pipe.hset(_key(user), mapping={"sealed": sealed, "serial": secrets.token_hex(8), **told})
            pipe.sadd(_OWNERS, user)
            pipe.execute()

    def facts(self, user: str) -> TokenFacts | None:
        """What may be shown, if `user` has stored one."""
        found = self._redis.hgetall(_key(user))
        return _facts(found) if found else None

    def everybody(self) -> Iterator[tuple[str, TokenFacts]]:
        """Who has stored one, and what may be shown of it; by name."""
        for user in sorted(self._redis.smembers(_OWNERS)):
            if facts := self.facts(user):
                yield user, facts

    def usable(self, user: str) -> bool:
        """Whether there is one that MAST has not refused since it was stored."""
        facts = self.facts(user)
        return facts is not None and facts.refused is None

    def get(self, user: str) -> Token:
        """The token of `user`, to be used now.

        Raises
        ------
        NeedsMastToken
            None is stored, MAST has refused it, or the key that it was encrypted with is gone.
        UnsafeForTokens
            The key cannot be read.
        """
        token = self.look(user)
        self.note_use(user, token)
        self.seal_anew(user)
        return token

    def look(self, user: str) -> Token:
        """The same, though it is not used yet: whoever then does so says it with `note_use`."""
        found = self._redis.hgetall(_key(user))
        if not found:
            raise NeedsMastToken("You have stored no MAST token here.")
        if found["refused"]:
            raise NeedsMastToken("MAST does not accept your stored token any more: revoked, idle or too old.")
        try:
            return Token(self._keys.open(user, found["sealed"]), found["serial"])
        except NeedsMastToken:
            self.refuse(user, Token("", found["serial"]))  # so that nothing waits for it to work again
            raise

    def note_use(self, user: str, token: Token) -> None:
        """MAST has seen `token` now, which puts off the end of an idle one."""
        self._noted(user, token.serial, "used", self.now().isoformat())

    def refuse(self, user: str, token: Token) -> None:
        """MAST did not accept `token`; nothing happens if another one has been stored meanwhile."""
        self._noted(user, token.serial, "refused", self.now().isoformat())

    def note_told(self, user: str, facts: TokenFacts, notice: str) -> None:
        """The user was told of this token; only upkeep's single slot writes it."""
        told = {word: when.isoformat() for word, when in facts.told.items()}
        self._noted(user, facts.serial, "told", json.dumps(told | {notice: self.now().isoformat()}))

    def seal_anew(self, user: str) -> bool:
        """Encrypt it by the first key, so that older keys can go; False if no key opens it."""
        serial, sealed = self._redis.hmget(_key(user), "serial", "sealed")
        anew = self._keys.seal_anew(sealed) if sealed else None
        if anew:
            self._noted(user, serial, "sealed", anew)
        return bool(anew)

    def forget(self, user: str) -> None:
        """Remove what is stored; nothing happens without."""
        with self._redis.pipeline() as pipe:
            pipe.delete(_key(user))
            pipe.srem(_OWNERS, user)
            pipe.execute()

    def _noted(self, user: str, serial: str, name: str, value: str) -> None:
        """Change the record, if it still is the one of this token."""
        self._note(keys=[_key(user)], args=[serial, name, value])


def _facts(found: dict[str, Any]) -> TokenFacts:
    told = {word: datetime.fromisoformat(when) for word, when in json.loads(found.get("told") or "{}").items()}
    return TokenFacts(
        name=found["name"],
        scopes=tuple(json.loads(found["scopes"])),
        since=datetime.fromisoformat(found["since"]),
        used=datetime.fromisoformat(found["used"]),
        refused=datetime.fromisoformat(found["refused"]) if found["refused"] else None,
        told=told,
        serial=found["serial"],
    )


def _key(user: str) -> str:
    return f"{PREFIX}mast-token:{user}"
