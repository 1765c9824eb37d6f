"""What users have now, summed over their records: a counter beside them would drift.

Only ids that begin with ``b_`` are bundles, so other jobs are not even read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from topmast_service.domain.job import ARCHIVED, FINAL
from topmast_service.store.connection import PREFIX, Client

_BATCH = 200


@dataclass(frozen=True)
class Holdings:
    """Sums over the jobs of one user."""

    redis: Client

    def open_jobs(self, owner: str) -> int:
        """How many of the user's jobs have not ended."""
        ids = self.redis.zinter([f"{PREFIX}jobs:{owner}", f"{PREFIX}open"])
        return sum(record["phase"] not in FINAL for record in self._records(ids))

    def staged_bytes(self, owner: str, besides: str = "") -> int:
        """Bytes in the user's boxes, and in those that are on their way; without the bundle `besides`."""
        ids = (i for i in self.redis.zrange(f"{PREFIX}jobs:{owner}", 0, -1) if i.startswith("b_") and i != besides)
        return sum(size_of(record) for record in self._records(list(ids)) if counts(record))

    def _records(self, ids: list[str]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(ids), _BATCH):
            found = self.redis.mget([f"{PREFIX}job:{i}" for i in ids[start : start + _BATCH]])
            yield from (json.loads(raw) for raw in found if raw)


def counts(record: dict[str, Any]) -> bool:
    """Whether a bundle has files staged, or will have unless something happens."""
    phase = record["phase"]
    return phase not in FINAL or (phase != ARCHIVED and record.get("revision") is not None)


def size_of(record: dict[str, Any]) -> int:
    """Bytes of a bundle's box, as planned until it is published."""
    return int(((record.get("result") or {}).get("bytes") or {}).get("total") or 0)
