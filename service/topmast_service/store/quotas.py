"""What each user may have: the installation's limits, or what an operator has set instead.

Key: ``quota:<user>``, only the fields that were set.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import fields, replace

from topmast_service.domain.quota import Quota
from topmast_service.store.connection import PREFIX, Client

_NAMES = tuple(field.name for field in fields(Quota))


class Quotas:
    """The limits of all users; 0: any."""

    def __init__(self, redis: Client, default: Quota) -> None:
        self._redis = redis
        self.default = default

    def of(self, user: str) -> Quota:
        """What counts for `user`."""
        return replace(self.default, **self.own(user))

    def own(self, user: str) -> dict[str, int]:
        """Only what an operator has set."""
        found = self._redis.hgetall(f"{PREFIX}quota:{user}")
        return {name: int(value) for name, value in found.items() if name in _NAMES}

    def set(self, user: str, **limits: int) -> None:
        """From now on these count for `user`; those not named stay."""
        if unknown := limits.keys() - set(_NAMES):
            raise TypeError(f"no limit is called {', '.join(sorted(unknown))}")
        if limits:
            self._redis.hset(f"{PREFIX}quota:{user}", mapping=limits)

    def reset(self, user: str) -> None:
        """What counts for everybody counts for `user` again."""
        self._redis.delete(f"{PREFIX}quota:{user}")

    def one_at_a_time(self, user: str) -> AbstractContextManager[object]:
        """Held while a quota of `user` is looked at and used: two requests at once must not both get the last place.

        Whoever dies with it holds it for ten seconds. Who was stopped for longer finds it gone, and what they did is
        done: one job too many is no harm, an answer of 500 for a job that exists would be.
        """
        lock: AbstractContextManager[object] = self._redis.lock(
            f"{PREFIX}quota:lock:{user}", timeout=10, sleep=0.01, blocking_timeout=15, raise_on_release_error=False
        )
        return lock
