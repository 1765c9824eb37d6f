"""Auth.MAST in small: tokens, whose they are, what they open, when they end.

MAST documents that a token ends after 10 days unused and after 60 days in any case. Times are the
sandbox's clock, so that a test need not wait.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from topmast_sandbox.clock import Clock

IDLE = timedelta(days=10)
TOTAL = timedelta(days=60)
EXCLUSIVE = "mast:exclusive_access"
USER_INFO = "mast:user:info"

# Written in docs/sandbox.md, so that a demo can use them: (value, user, scopes, programs)
BUILT_IN = (
    ("a11ce0000000000000000000000a11ce", "alice", (USER_INFO, EXCLUSIVE), ("*",)),
    ("b0b00000000000000000000000000b0b", "bob", (USER_INFO, EXCLUSIVE), ()),
    ("ca501000000000000000000000ca5010", "carol", (USER_INFO,), ("*",)),
    ("da5e0000000000000000000000000da5", "dave", (USER_INFO, EXCLUSIVE), ("4098",)),
)


@dataclass(frozen=True)
class Token:
    """One token. `programs` are the exclusive programs its user was granted; ``"*"`` is all."""

    value: str = field(repr=False)
    user: str
    scopes: tuple[str, ...]
    programs: tuple[str, ...]
    created: datetime
    used: datetime
    revoked: bool = False

    def alive(self, now: datetime) -> bool:
        """Return whether the token still works at `now`."""
        return not self.revoked and now - self.used < IDLE and now - self.created < TOTAL

    def opens(self, program: str) -> bool:
        """Return whether exclusive data of `program` may be had with it."""
        granted = "*" in self.programs or str(program).lstrip("0") in self.programs
        return EXCLUSIVE in self.scopes and granted

    def document(self, now: datetime) -> dict[str, Any]:
        """Return what the control plane says about the token."""
        return {
            "token": self.value,
            "user": self.user,
            "scopes": list(self.scopes),
            "programs": list(self.programs),
            "created": self.created.isoformat(),
            "used": self.used.isoformat(),
            "alive": self.alive(now),
        }


class TokenBook:
    """All tokens of this sandbox; safe with many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._tokens: dict[str, Token] = {}
        self._grants: dict[str, tuple[str, ...]] = {}
        for value, user, scopes, programs in BUILT_IN:
            self.mint(user, scopes=scopes, programs=programs, value=value)

    def mint(
        self,
        user: str,
        *,
        scopes: tuple[str, ...] = (USER_INFO, EXCLUSIVE),
        programs: tuple[str, ...] | None = None,
        value: str | None = None,
    ) -> Token:
        """Make a token of 32 letters and digits, as MAST's are, and return it.

        Without `programs` it opens what its user was granted last, or nothing.
        """
        now = self._clock.now()
        with self._lock:
            granted = self._grants.get(user, ()) if programs is None else _plain(programs)
            token = Token(value or secrets.token_hex(16), user, scopes, granted, now, now)
            self._tokens[token.value] = token
        return token

    def grant(self, user: str, programs: tuple[str, ...]) -> int:
        """Let all tokens of a user open these programs and no others, from now on; return how many they are."""
        with self._lock:
            self._grants[user] = _plain(programs)
            theirs = [token for token in self._tokens.values() if token.user == user]
            for token in theirs:
                self._tokens[token.value] = replace(token, programs=self._grants[user])
        return len(theirs)

    def revoke(self, value: str) -> bool:
        """End a token now; return whether it existed."""
        with self._lock:
            token = self._tokens.get(value)
            if token:
                self._tokens[value] = replace(token, revoked=True)
        return token is not None

    def use(self, value: str | None) -> Token | None:
        """Return the living token with this value, noting that it was used; None otherwise."""
        now = self._clock.now()
        with self._lock:
            token = self._tokens.get(value or "")
            if token is None or not token.alive(now):
                return None
            token = self._tokens[token.value] = replace(token, used=now)
        return token

    def bearer(self, value: str | None) -> str:
        """Return who shows this value, without using it: never the value itself."""
        if not value:
            return "anonymous"
        with self._lock:
            token = self._tokens.get(value)
        if token is None:
            return "unknown token"
        return token.user if token.alive(self._clock.now()) else f"{token.user} (ended)"

    def documents(self) -> list[dict[str, Any]]:
        """Return every token as the control plane shows it."""
        now = self._clock.now()
        with self._lock:
            return [token.document(now) for token in self._tokens.values()]


def _plain(programs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(program.lstrip("0") for program in programs)
