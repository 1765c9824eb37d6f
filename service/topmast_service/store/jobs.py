"""Job records in Redis, changed by compare-and-set with a pure function.

Keys: ``job:<id>`` the record, ``jobs:<owner>`` ids by creation time, ``shared:<user>`` ids that others share with them,
``open`` ids that upkeep looks after, ``ends`` ids by the time of their destruction, ``warnings`` ids by when their
users are to be warned of it, ``releases`` ids by when MAST is to be asked about exclusive files,
``again:<owner>:<key>`` what an Idempotency-Key stands for (24 h), ``answered:<owner>:<key>`` the status that its first
request was told, ``removed:<id>`` that its job was deleted since.
The record outlives the job's files; upkeep removes it a year after the job ended.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from topmast_service.domain.job import QUEUED, Job, from_record, to_record
from topmast_service.domain.keeping import warning_due
from topmast_service.errors import IdempotencyMismatch, UnknownJob
from topmast_service.store.connection import PREFIX, Client, time_of

IDEMPOTENCY_SECONDS = 24 * 3600
"""How long a repeated Idempotency-Key finds its first job (http.md)."""

_ADD = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX') then
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
  redis.call('SADD', KEYS[3], ARGV[3])
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[3])
  return 1
end
return 0
"""

_SWAP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
if ARGV[5] == '0' then redis.call('SADD', KEYS[3], ARGV[3]) end
for i = 4, 5 do
  local due = ARGV[i + 2]
  if due == '' then redis.call('ZREM', KEYS[i], ARGV[3]) else redis.call('ZADD', KEYS[i], due, ARGV[3]) end
end
return 1
"""

_BREAK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""

_CLOSE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('SREM', KEYS[2], ARGV[2])
"""


@dataclass(frozen=True)
class Promise:
    """What an Idempotency-Key stands for: the job id given to its first request, and whether this is a repeat."""

    job_id: str
    repeated: bool


class JobStore:
    """All job records of this installation."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._add = redis.register_script(_ADD)
        self._swap = redis.register_script(_SWAP)
        self._close = redis.register_script(_CLOSE)
        self._break = redis.register_script(_BREAK)

    def now(self) -> datetime:
        """The one clock that leases are judged by."""
        return time_of(self._redis)

    def uptime(self) -> timedelta:
        """How long Redis has been up since its last start."""
        return timedelta(seconds=int(self._redis.info("server")["uptime_in_seconds"]))

    def born(self) -> datetime:
        """When this store began to keep records: what lies on disk from before is not for it to judge."""
        self._redis.set(f"{PREFIX}born", self.now().isoformat(), nx=True)
        return datetime.fromisoformat(str(self._redis.get(f"{PREFIX}born")))

    def add(self, job: Job) -> Job:
        """Store a new job; if the id exists already (a repeated request) the stored one wins."""
        keys = [f"{PREFIX}job:{job.id}", f"{PREFIX}jobs:{job.owner}", f"{PREFIX}open", f"{PREFIX}ends"]
        self._add(keys=keys, args=[_dump(job), job.created.timestamp(), job.id, job.destruction.timestamp()])
        return self.get(job.id)

    def get(self, job_id: str) -> Job:
        """The job as it is now.

        Raises
        ------
        UnknownJob
            Never existed, or was deleted.
        """
        return _load(self._raw(job_id))

    def change(self, job_id: str, function: Callable[[Job], Job]) -> Job:
        """Apply a pure function to the latest record, exactly once; repeated when somebody else was faster."""
        while True:
            raw = self._raw(job_id)
            changed = function(_load(raw))
            new = _dump(changed)
            if new == raw or self._swapped(raw, new, changed):
                return changed

    def _swapped(self, raw: str, new: str, changed: Job) -> bool:
        """Whether the record still was `raw`; with it the lists on which the job stands now are set."""
        keys = [f"{PREFIX}{name}" for name in (f"job:{changed.id}", "ends", "open", "warnings", "releases")]
        nothing_left = changed.final and not changed.notices
        dues = ["" if due is None else due.timestamp() for due in (warning_due(changed), changed.release_due)]
        args = [raw, new, changed.id, changed.destruction.timestamp(), int(nothing_left), *dues]
        return bool(self._swap(keys=keys, args=args))

    def wait(self, job_id: str, since: int | None, seconds: float) -> Job:
        """The job as soon as its version is past `since` or it is final; at the latest after `seconds`.

        Looks again after 50 ms, growing to half a second: a subscription would have to survive a restart of Redis,
        a look does so by itself, and at most a quarter of the API's threads wait.
        """
        end, nap = time.monotonic() + seconds, 0.05
        job = self.get(job_id)
        first = job.version if since is None else since
        while not job.final and job.version <= first and (left := end - time.monotonic()) > 0:
            time.sleep(min(nap, left))
            nap = min(nap * 1.5, 0.5)
            job = self.get(job_id)
        return job

    def of(self, owner: str, *, before: tuple[float, str] | None = None) -> Iterator[Job]:
        """The jobs of `owner`, newest first, from behind the position `before` (creation time, id)."""
        highest = "+inf" if before is None else before[0]
        start = 0
        while ids := self._page(owner, highest, start):
            start += len(ids)
            for raw in self._redis.mget([f"{PREFIX}job:{i}" for i in ids]):
                if raw and (before is None or position(_load(raw)) < before):
                    yield _load(raw)

    def shared_with(self, user: str) -> list[str]:
        """Ids of the jobs that others have shared with `user`; some of them may be gone."""
        return sorted(map(str, self._redis.smembers(f"{PREFIX}shared:{user}")))

    def share(self, job_id: str, user: str) -> None:
        """List a job among those that are shared with `user`."""
        self._redis.sadd(f"{PREFIX}shared:{user}", job_id)

    def unshare(self, job_id: str, user: str) -> None:
        """Strike it off."""
        self._redis.srem(f"{PREFIX}shared:{user}", job_id)

    def _page(self, owner: str, highest: float | str, start: int) -> list[str]:
        found = self._redis.zrevrangebyscore(f"{PREFIX}jobs:{owner}", highest, "-inf", start=start, num=100)
        return list(found)

    def open_ids(self) -> set[str]:
        """Ids of all jobs that somebody must look after: not final, or with something left to tell or tidy."""
        return set(self._redis.smembers(f"{PREFIX}open"))

    def ahead_of(self, job: Job) -> int:
        """How many jobs were queued before this one and still wait for a worker."""
        ids = [f"{PREFIX}job:{i}" for i in self.open_ids() - {job.id}]
        others = (_load(raw) for raw in (self._redis.mget(ids) if ids else []) if raw)
        return sum(o.phase == QUEUED and position(o) < position(job) for o in others)

    def close(self, job_id: str) -> None:
        """Upkeep need not look at it until its destruction; nothing happens unless it is final and all are told.

        Looked and struck off in one step: its user may be retrying it just now, and `change` puts it back on the list.
        """
        raw = self._raw(job_id)
        found = _load(raw)
        if found.final and not found.notices:
            self._close(keys=[f"{PREFIX}job:{job_id}", f"{PREFIX}open"], args=[raw, job_id])

    def due_for_destruction(self, now: datetime) -> list[str]:
        """Ids of jobs whose retention is over."""
        return self._due("ends", now)

    def due_for_warning(self, now: datetime) -> list[str]:
        """Ids of jobs whose users are to be warned that it soon will be; most others are not even looked at."""
        return self._due("warnings", now)

    def due_for_release(self, now: datetime) -> list[str]:
        """Ids of bundles of which something may have become public."""
        return self._due("releases", now)

    def _due(self, name: str, now: datetime) -> list[str]:
        return list(self._redis.zrangebyscore(f"{PREFIX}{name}", "-inf", now.timestamp(), start=0, num=100))

    def forget_id(self, job_id: str) -> None:
        """Strike an id whose record is gone off every list of work."""
        self._redis.srem(f"{PREFIX}open", job_id)
        self._redis.zrem(f"{PREFIX}ends", job_id)
        self._redis.zrem(f"{PREFIX}warnings", job_id)
        self._redis.zrem(f"{PREFIX}releases", job_id)

    def once(self, name: str, period: timedelta) -> bool:
        """True for the first who asks within `period`, whoever it is."""
        return bool(self._redis.set(f"{PREFIX}once:{name}", 1, nx=True, px=int(period.total_seconds() * 1000)))

    def remembered(self, name: str, seconds: int, find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `find` found, at most `seconds` ago; for answers that are dear and may be a little old."""
        key = f"{PREFIX}memo:{name}"
        if known := self._redis.get(key):
            return dict(json.loads(known))
        found = find()
        self._redis.set(key, json.dumps(found), ex=seconds)
        return found

    def remove(self, job: Job) -> None:
        """Forget the record for good."""
        with self._redis.pipeline() as pipe:
            pipe.set(f"{PREFIX}removed:{job.id}", 1, ex=IDEMPOTENCY_SECONDS)
            pipe.delete(f"{PREFIX}job:{job.id}")
            pipe.zrem(f"{PREFIX}jobs:{job.owner}", job.id)
            for user in job.shares:
                pipe.srem(f"{PREFIX}shared:{user}", job.id)
            pipe.execute()
        self.forget_id(job.id)

    def was_removed(self, job_id: str) -> bool:
        """Whether the job was deleted while its Idempotency-Key may still be repeated."""
        return bool(self._redis.exists(f"{PREFIX}removed:{job_id}"))

    def promise(self, owner: str, key: str, body_hash: str, job_id: str, seconds: int = IDEMPOTENCY_SECONDS) -> Promise:
        """Bind an Idempotency-Key to a job id before the job exists, so that even a crash between leaves one job.

        Raises
        ------
        IdempotencyMismatch
            The key was used for another body or route.
        """
        name = f"{PREFIX}again:{owner}:{key}"
        mine = json.dumps([body_hash, job_id])
        stored = None
        while stored is None:  # it may end, or be broken, between the two looks
            if self._redis.set(name, mine, nx=True, ex=seconds):
                return Promise(job_id, repeated=False)
            stored = self._redis.get(name)
        return Promise(_kept(str(stored), body_hash), repeated=True)

    def promised(self, owner: str, key: str, body_hash: str) -> str | None:
        """The id that an Idempotency-Key stands for by now, if it does.

        Raises
        ------
        IdempotencyMismatch
            The key was used for another body or route.
        """
        stored = self._redis.get(f"{PREFIX}again:{owner}:{key}")
        return _kept(str(stored), body_hash) if stored else None

    def first_answer(self, owner: str, key: str, status: int) -> int:
        """The HTTP status that the first request with this Idempotency-Key was told: this one, if it is the first."""
        name = f"{PREFIX}answered:{owner}:{key}"
        first = self._redis.set(name, status, nx=True, ex=IDEMPOTENCY_SECONDS)
        return status if first else int(str(self._redis.get(name) or status))

    def break_promise(self, owner: str, key: str, body_hash: str, job_id: str) -> None:
        """The key no longer stands for this job; what it stands for by now, if that is another, stays."""
        self._break(keys=[f"{PREFIX}again:{owner}:{key}"], args=[json.dumps([body_hash, job_id])])

    def _raw(self, job_id: str) -> str:
        raw = self._redis.get(f"{PREFIX}job:{job_id}")
        if raw is None:
            raise UnknownJob(f"There is no job {job_id}.")
        return str(raw)


def position(job: Job) -> tuple[float, str]:
    """Where a job stands in its owner's list."""
    return job.created.timestamp(), job.id


def _kept(stored: str, body_hash: str) -> str:
    stored_hash, stored_id = json.loads(stored)
    if stored_hash != body_hash:
        raise IdempotencyMismatch("This Idempotency-Key was first used with another body or another route.")
    return str(stored_id)


def _dump(job: Job) -> str:
    return json.dumps(to_record(job), separators=(",", ":"), sort_keys=True)


def _load(raw: str) -> Job:
    return from_record(json.loads(raw))
