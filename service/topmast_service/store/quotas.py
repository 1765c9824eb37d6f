"""What each user may have: the installation's limits, or what an operator has set instead.

Key: ``quota:<user>``, only the fields that were set.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict, fields, replace

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

    def set(self, user: str, quota: Quota) -> None:
        """From now on these; what is the same as for all is as if it had never been set."""
        given, common = asdict(quota), asdict(self.default)
        own = {name: value for name, value in given.items() if value != common[name]}
        with self._redis.pipeline() as pipe:
            pipe.delete(f"{PREFIX}quota:{user}")
            if own:
                pipe.hset(f"{PREFIX}quota:{user}", mapping=own)
            pipe.execute()

    def one_at_a_time(self, user: str) -> AbstractContextManager[object]:
        """Held while a quota of `user` is looked at and used: two requests at once must not both get the last place.

        Whoever dies with it holds it for ten seconds.
        """
        lock: AbstractContextManager[object] = self._redis.lock(
            f"{PREFIX}quota:lock:{user}", timeout=10, sleep=0.01, blocking_timeout=15
        )
        return lock
