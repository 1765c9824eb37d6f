"""Everything Redis knows, counted: for whoever compares it with what is on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass

from topmast_service.domain.job import SCHEMA, Job, from_record
from topmast_service.domain.keeping import warning_due
from topmast_service.store.connection import PREFIX, UNAVAILABLE, Client

_WORK = ("todo", "done", "count", "tries", "lost", "held", "moving", "arrived")


@dataclass(frozen=True)
class Durability:
    """Whether Redis keeps what it is told; None where it does not say (a managed one may refuse CONFIG)."""

    version: str
    appends: bool | None
    evicts: bool | None
    writes: bool


class Census:
    """Looks at all keys of ours, by SCAN, so that a busy Redis is not held up."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    def reachable(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self._redis.ping())
        except UNAVAILABLE:
            return False

    def jobs(self) -> tuple[dict[str, Job], dict[str, str]]:
        """All records by id, and why the unreadable ones are so."""
        good: dict[str, Job] = {}
        bad: dict[str, str] = {}
        for job_id in self._ids("job"):
            raw = self._redis.get(f"{PREFIX}job:{job_id}")
            if raw is None:
                continue  # deleted while we looked
            try:
                record = json.loads(raw)
                good[job_id] = from_record(record)
                newer = record.get("schema", 0) > SCHEMA
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                bad[job_id] = type(error).__name__
                continue
            if newer:
                bad[job_id] = "written by a later release"
        return good, bad

    def exists(self, job_id: str) -> bool:
        """Whether there is a record, readable or not."""
        return bool(self._redis.exists(f"{PREFIX}job:{job_id}"))

    def noted(self) -> set[str]:
        """Ids that upkeep is told to look after, or to remove one day."""
        timed = (set(self._redis.zrange(f"{PREFIX}{name}", 0, -1)) for name in ("ends", "warnings"))
        return set(self._redis.smembers(f"{PREFIX}open")).union(*timed)

    def unlisted(self, job: Job) -> list[str]:
        """The lists that a record should be on, and is not."""
        missing = []
        if self._redis.zscore(f"{PREFIX}jobs:{job.owner}", job.id) is None:
            missing.append("its owner's jobs")
        if self._redis.zscore(f"{PREFIX}ends", job.id) is None:
            missing.append("what ends one day")
        if warning_due(job) and self._redis.zscore(f"{PREFIX}warnings", job.id) is None:
            missing.append("whose users are to be warned")
        if not job.final and not self._redis.sismember(f"{PREFIX}open", job.id):
            missing.append("what upkeep looks after")
        return missing

    def enlist(self, job: Job) -> None:
        """Put a record on its lists."""
        with self._redis.pipeline() as pipe:
            pipe.zadd(f"{PREFIX}jobs:{job.owner}", {job.id: job.created.timestamp()}, nx=True)
            pipe.zadd(f"{PREFIX}ends", {job.id: job.destruction.timestamp()}, nx=True)
            if due := warning_due(job):
                pipe.zadd(f"{PREFIX}warnings", {job.id: due.timestamp()})
            pipe.sadd(f"{PREFIX}open", job.id)  # a final one is struck off by upkeep's next round
            pipe.execute()

    def working(self) -> set[str]:
        """Ids of the jobs that have anything on the work list."""
        turns = set(self._redis.zrange(f"{PREFIX}turns", 0, -1))
        return turns.union(*(self._ids(family) for family in _WORK))

    def durability(self) -> Durability:
        """What Redis says of how it keeps its data."""
        server, kept = self._redis.info("server"), self._redis.info("persistence")
        policy = self._setting("maxmemory-policy")
        # Without a limit on memory nothing is ever evicted, whatever the policy.
        evicts = None if policy is None else policy != "noeviction" and self._setting("maxmemory") != "0"
        failed = {kept.get("aof_last_write_status"), kept.get("aof_last_bgrewrite_status")} - {"ok", None}
        return Durability(str(server["redis_version"]), bool(kept.get("aof_enabled")), evicts, not failed)

    def _setting(self, name: str) -> str | None:
        try:
            found = self._redis.config_get(name)
        except Exception as error:
            if isinstance(error, UNAVAILABLE):
                raise
            return None  # managed services refuse CONFIG
        return str(found[name]) if name in found else None

    def _ids(self, family: str) -> set[str]:
        prefix = f"{PREFIX}{family}:"
        return {str(key).removeprefix(prefix) for key in self._redis.scan_iter(f"{prefix}*", count=1000)}
