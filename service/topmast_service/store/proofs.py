"""What MAST has lately shown of users and programs: who may have what, for some minutes, and who ever could.

Keys: ``proofs:<user>``, a hash: what is granted as a whole (`domain.access.granted_with`) → which token it was asked
with and until when that counts, a time with a minus where MAST refused; ``grants:<program>``, a hash: user → since when
and when last, which stays, since it is what a group wants to know: who of us is on that program?

A proof is worth nothing with another token than the one it was made with, and all of a user's are gone with the first
refusal: whoever has lost one program may have lost all. ``witness:<program>`` is the dataURI that was asked about last:
where MAST withdraws a file, that one can be asked about in its place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from topmast_service.domain.token import Token
from topmast_service.store.connection import PREFIX, Client, time_of

REFUSED_SECONDS = 60
"""A refusal counts for so long: a bundle of a thousand files of somebody else's program asks once."""


@dataclass(frozen=True)
class Grant:
    """That a user could have a program's exclusive files; `current` while a proof of it counts."""

    user: str
    since: datetime
    last: datetime
    current: bool


class Proofs:
    """Proofs and refusals. `lasting` is how long MAST's yes counts before it is asked again."""

    def __init__(self, redis: Client, lasting: timedelta) -> None:
        self._redis = redis
        self._lasting = lasting

    def known(self, user: str, granted: str, token: Token) -> bool | None:
        """True or False if MAST said so lately of this token; None if it must be asked."""
        found = self._redis.hget(_of_user(user), granted)
        serial, _, until = str(found or "").partition(" ")
        if not until or serial != token.serial or abs(float(until)) <= self._now():
            return None
        return float(until) > 0

    def accepted(self, user: str, granted: str, token: Token, uri: str) -> None:
        """MAST gave a file to this token that it gives to nobody without."""
        self._redis.set(f"{PREFIX}witness:{granted}", uri)
        now = time_of(self._redis)
        self._note(user, granted, token, (now + self._lasting).timestamp())
        key, first = f"{PREFIX}grants:{granted}", now.isoformat()
        if known := self._redis.hget(key, user):
            first = json.loads(known)[0]
        self._redis.hset(key, user, json.dumps([first, now.isoformat()]))

    def refused(self, user: str, granted: str, token: Token) -> None:
        """MAST did not give this token a file: nothing that was shown before counts any more."""
        self.void(user)
        self._note(user, granted, token, -(self._now() + REFUSED_SECONDS))

    def witness(self, granted: str) -> str | None:
        """A dataURI by which it was proven lately."""
        found = self._redis.get(f"{PREFIX}witness:{granted}")
        return None if found is None else str(found)

    def void(self, user: str) -> None:
        """Forget everything that was shown of a user."""
        self._redis.delete(_of_user(user))

    def grants(self, granted: str) -> list[Grant]:
        """Who could ever have it, by name."""
        found = self._redis.hgetall(f"{PREFIX}grants:{granted}")
        return [self._grant(str(user), granted, json.loads(times)) for user, times in sorted(found.items())]

    def _grant(self, user: str, granted: str, times: list[str]) -> Grant:
        since, last = map(datetime.fromisoformat, times)
        until = str(self._redis.hget(_of_user(user), granted) or "").partition(" ")[2]
        return Grant(user, since, last, bool(until) and float(until) > self._now())

    def _note(self, user: str, granted: str, token: Token, until: float) -> None:
        key = _of_user(user)
        self._redis.hset(key, granted, f"{token.serial} {until}")
        self._redis.expire(key, int(self._lasting.total_seconds()) + REFUSED_SECONDS)

    def _now(self) -> float:
        return time_of(self._redis).timestamp()


def _of_user(user: str) -> str:
    return f"{PREFIX}proofs:{user}"
