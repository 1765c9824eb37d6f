"""How fast bundles came lately: a short list in Redis, ``rates``, newest first."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from topmast_service.store.connection import PREFIX, Client

KEPT = 20


@dataclass(frozen=True)
class Rate:
    """Bytes and files that were fetched for one bundle, and the seconds from its start to its publication."""

    bytes: int
    files: int
    seconds: float


class Rates:
    """The latest bundles that had to fetch something."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    def note(self, rate: Rate) -> None:
        """One more; the oldest is forgotten."""
        with self._redis.pipeline() as pipe:
            pipe.lpush(f"{PREFIX}rates", json.dumps(asdict(rate)))
            pipe.ltrim(f"{PREFIX}rates", 0, KEPT - 1)
            pipe.execute()

    def latest(self) -> list[Rate]:
        """What is remembered; what cannot divide anything is left out."""
        found = (Rate(**json.loads(text)) for text in self._redis.lrange(f"{PREFIX}rates", 0, -1))
        return [rate for rate in found if rate.bytes > 0 and rate.files > 0]
