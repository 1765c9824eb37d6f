"""Which search answered a question last, so that the same one need not be put to MAST again.

Keys: ``answer:<digest of the question>`` holds the id of the search and when MAST was asked; it lives no longer than
the search's table. Two that end at the same moment may overwrite one another: either is an answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from topmast_service.store.connection import PREFIX, Client


@dataclass(frozen=True)
class Answered:
    """The search that has the rows, and when MAST was asked for them."""

    search_id: str
    as_of: datetime


class Answers:
    """The last answer to every question, whoever asked it: MAST's metadata are public."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    def remember(self, digest: str, answered: Answered, until: datetime) -> None:
        """This search has the newest answer; `until` is when its table goes."""
        told = json.dumps([answered.search_id, answered.as_of.isoformat()])
        self._redis.set(f"{PREFIX}answer:{digest}", told, exat=int(until.timestamp()))

    def last(self, digest: str) -> Answered | None:
        """The newest answer; its table may be gone all the same, if its user deleted the search."""
        told = self._redis.get(f"{PREFIX}answer:{digest}")
        if told is None:
            return None
        search_id, as_of = json.loads(told)
        return Answered(str(search_id), datetime.fromisoformat(as_of))
