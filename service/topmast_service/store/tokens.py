"""Users' MAST tokens: Redis holds them encrypted, and the key is not in Redis.

Key ``mast-token:<user>``, a hash: `sealed` (Fernet over user and token), `serial` (which storing this is), and what may
be shown: `name`, `scopes`, `since`, `used`, `refused`. A dump or an append-only file alone opens nothing; a sealed
token moved to another user's record does not open either, for it says whose it is.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from topmast_service.domain.token import Token
from topmast_service.errors import NeedsMastToken, UnsafeForTokens
from topmast_service.store import key_file
from topmast_service.store.connection import PREFIX, Client, time_of

_NOTE = """
if redis.call('HGET', KEYS[1], 'serial') == ARGV[1] then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
"""


@dataclass(frozen=True)
class TokenFacts:
    """What may be shown of a stored token: never the token.

    `name` is the user as MAST calls them; `refused` when MAST last did not accept it, None while it does.
    """

    name: str
    scopes: tuple[str, ...]
    since: datetime
    used: datetime
    refused: datetime | None


@dataclass(frozen=True)
class Keys:
    """Where the keys of the tokens come from.

    Parameters
    ----------
    given
        Fernet keys split by commas; the first encrypts, all of them decrypt. Without any, `file` has them, one a line.
    file
        Made with a new key, for its owner only, when the first token is stored.
    """

    given: str
    file: Path

    def __repr__(self) -> str:
        """Without the keys."""
        return f"Keys(file={self.file})"

    def cipher(self, *, make: bool = False) -> MultiFernet | None:
        """All keys; None while there is none, unless one is to be made.

        Raises
        ------
        UnsafeForTokens
            They cannot be read or written, or are no keys.
        """
        try:
            found = self.given.replace(",", " ").split() or self._of_file(make)
            return MultiFernet([Fernet(key) for key in found]) if found else None
        except OSError as error:
            raise UnsafeForTokens(f"The key of the MAST tokens: {error.strerror}.") from None
        except ValueError:  # its text, and the cause, may hold a part of the key
            raise UnsafeForTokens("The keys of the MAST tokens are no Fernet keys.") from None

    def _of_file(self, make: bool) -> list[str]:
        if make and not self.file.exists():
            key_file.make(self.file, Fernet.generate_key())
        return key_file.read(self.file)


class Tokens:
    """The MAST tokens of this installation's users."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._note = redis.register_script(_NOTE)

    def put(self, user: str, token: Token, name: str, scopes: Sequence[str]) -> None:
        """Keep a token that MAST has just accepted, in place of an earlier one.

        Raises
        ------
        UnsafeForTokens
            There is no key to encrypt it with.
        """
        cipher = self._keys.cipher(make=True)
        if cipher is None:
            raise UnsafeForTokens("There is no key for the MAST tokens.")
        now = time_of(self._redis).isoformat()
        sealed = cipher.encrypt(json.dumps([user, token.secret]).encode()).decode()
        told = {"name": name, "scopes": json.dumps(list(scopes)), "since": now, "used": now, "refused": ""}
        record = {"sealed": sealed, "serial": secrets.token_hex(8), **told}
        self._redis.hset(_key(user), mapping=record)

    def facts(self, user: str) -> TokenFacts | None:
        """What may be shown, if `user` has stored one."""
        found = self._redis.hgetall(_key(user))
        if not found:
            return None
        since, used = (datetime.fromisoformat(found[name]) for name in ("since", "used"))
        refused = datetime.fromisoformat(found["refused"]) if found["refused"] else None
        return TokenFacts(found["name"], tuple(json.loads(found["scopes"])), since, used, refused)

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
        found = self._redis.hgetall(_key(user))
        if not found:
            raise NeedsMastToken("You have stored no MAST token here.")
        if found["refused"]:
            raise NeedsMastToken("MAST does not accept your stored token any more: revoked, idle or too old.")
        try:
            token = Token(self._opened(user, found["sealed"]), found["serial"])
        except NeedsMastToken:
            self.refuse(user, Token("", found["serial"]))  # so that nothing waits for it to work again
            raise
        self._noted(user, token, "used", time_of(self._redis).isoformat())
        self._noted(user, token, "sealed", self._sealed_anew(found["sealed"]))
        return token

    def refuse(self, user: str, token: Token) -> None:
        """MAST did not accept `token`; nothing happens if another one has been stored meanwhile."""
        self._noted(user, token, "refused", time_of(self._redis).isoformat())

    def forget(self, user: str) -> None:
        """Remove what is stored; nothing happens without."""
        self._redis.delete(_key(user))

    def _noted(self, user: str, token: Token, name: str, value: str) -> None:
        """Change the record, if it still is the one of this token."""
        self._note(keys=[_key(user)], args=[token.serial, name, value])

    def _sealed_anew(self, sealed: str) -> str:
        """By the first key: once every token was used, the older keys can go."""
        cipher = self._keys.cipher()
        return cipher.rotate(sealed).decode() if cipher else sealed

    def _opened(self, user: str, sealed: str) -> str:
        cipher = self._keys.cipher()
        try:
            owner, secret = json.loads(cipher.decrypt(sealed.encode())) if cipher else ("", "")
        except InvalidToken:
            owner, secret = "", ""
        if owner != user:
            raise NeedsMastToken("Your stored MAST token cannot be read: the key that it was encrypted with is gone.")
        return str(secret)


def _key(user: str) -> str:
    return f"{PREFIX}mast-token:{user}"
