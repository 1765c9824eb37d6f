"""Time passes: everything that was written down becomes older. Redis' clock cannot be moved, but its records can."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

TIMES = (
    "created", "destruction", "lease_until", "not_before", "started", "ended", "suspended_since", "told", "warned",
)  # fmt: skip
"""The moments in a job's record."""


def pass_time(redis: Any, seconds: float) -> None:
    """Every moment and every time to live that is stored is `seconds` nearer, or longer ago."""
    for key in redis.scan_iter("topmast:*"):
        family = key.split(":")[1]
        if family == "job":
            _age_record(redis, key, timedelta(seconds=seconds))
        elif family in {"slices", "todo", "turns", "jobs", "ends", "warnings"}:
            redis.zadd(key, {member: score - seconds for member, score in redis.zrange(key, 0, -1, withscores=True)})
        elif (left := redis.pttl(key)) > 0:
            redis.pexpire(key, max(1, left - int(seconds * 1000)))


def _age_record(redis: Any, key: str, by: timedelta) -> None:
    record = json.loads(redis.get(key))
    for name in TIMES:
        if record.get(name):
            record[name] = (datetime.fromisoformat(record[name]) - by).isoformat()
    redis.set(key, json.dumps(record, separators=(",", ":"), sort_keys=True))
