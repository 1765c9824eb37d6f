"""The audit log: a stream in Redis, which any process may add to, and whose older end moves into files.

``audit`` is the stream, one entry each with its text in ``entry``; ``audit:counts`` and ``audit:counted`` are of the
minute that is running, for what is counted instead of being told one by one. Entries are added and never changed; what
leaves the stream is in a file first, and a reader looks in that order that it misses nothing.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from topmast_service.domain.audit import Asked, Entry, clean, read, written
from topmast_service.store.audit_files import MonthFiles
from topmast_service.store.connection import PREFIX, Client, time_of

log = logging.getLogger(__name__)

STREAM = f"{PREFIX}audit"
COUNTS, COUNTED = f"{PREFIX}audit:counts", f"{PREFIX}audit:counted"

KEPT_FOR, KEPT, BATCH = timedelta(days=1), 10_000, 1000
"""How long, and how many, entries stay in Redis; and how many are moved at a time."""

MOST_ALIKE = 2000
"""So many different things are counted at a time; what comes beyond is counted as one, whoever it was."""

_COUNT = """
local field, entry = redis.call('TIME')[1] - redis.call('TIME')[1] % 60 .. '|' .. ARGV[1], ARGV[2]
if redis.call('HEXISTS', KEYS[1], field) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  field, entry = string.match(field, '^%d+') .. '|others', ARGV[3]
end
local count = redis.call('HINCRBY', KEYS[1], field, 1)
if count == 1 then
  redis.call('HSET', KEYS[2], field, entry)
  redis.call('XADD', KEYS[3], '*', 'entry', entry)
end
return count
"""

_TELL = """
local now = tonumber(redis.call('TIME')[1])
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if tonumber(string.match(field, '^%d+')) + 60 <= now or ARGV[1] == 'all' then
    local more = tonumber(redis.call('HGET', KEYS[1], field)) - 1
    if more > 0 then
      local entry = cjson.decode(redis.call('HGET', KEYS[2], field))
      entry['count'], entry['request_id'] = more, ''
      redis.call('XADD', KEYS[3], '*', 'entry', cjson.encode(entry))
    end
    redis.call('HDEL', KEYS[1], field)
    redis.call('HDEL', KEYS[2], field)
  end
end
"""


class AuditLog:
    """All entries of this installation."""

    def __init__(self, redis: Client, files: MonthFiles) -> None:
        self._redis = redis
        self._files = files
        self._count = redis.register_script(_COUNT)
        self._tell = redis.register_script(_TELL)

    def note(self, entry: Entry) -> None:
        """Add an entry. What it tells of has been done: where it cannot be kept, the process' log has it."""
        try:
            self._redis.xadd(STREAM, {"entry": written(clean(entry))})
        except RedisError as error:
            log.error("audit entry not kept (%s): %s", type(error).__name__, written(clean(entry)))

    def count(self, entry: Entry, *alike: str) -> None:
        """Add an entry for the first of what is `alike` within a minute; the others are one entry at its end.

        For what somebody may do as often as they like: 10,000 wrong keys are two entries and not 10,000.
        """
        field = hashlib.sha256("\0".join(alike).encode("utf-8", "backslashreplace")).hexdigest()
        kept = clean(entry)
        others = Entry(kept.action, outcome=kept.outcome)
        try:
            args = [field, written(kept), written(others), MOST_ALIKE]
            self._count(keys=[COUNTS, COUNTED, STREAM], args=args)
        except RedisError as error:
            log.error("audit entry not counted (%s): %s", type(error).__name__, written(kept))

    def newest_first(self, asked: Asked, before: tuple[int, int] | None = None) -> Iterator[Entry]:
        """What was asked for, from behind the place `before`.

        The stream first: what leaves it meanwhile is in the files by the time that they are opened.
        """
        seen: set[str] = set()
        for entry in self._all_newest_first(asked.until, seen):
            if asked.since and entry.time < asked.since:
                return
            if asked.admits(entry) and (before is None or entry.order < before):
                yield entry

    def oldest_first(self, asked: Asked, after: tuple[int, int] | None = None) -> Iterator[Entry]:
        """What was asked for, from behind the place `after`, up to now."""
        place = after or (0, 0)
        while True:
            for entry in self._files.forwards(_later(asked.since, place)):
                if entry.order > place:
                    place = entry.order
                    yield from (e for e in [entry] if asked.admits(e))
            found = self._stream_after(place)
            filed = self._files.last()
            if filed is not None and filed.order > place:
                continue  # moved while we read: they are in the files now, and perhaps no longer in `found`
            if not found:
                return
            yield from (entry for entry in found if asked.admits(entry))
            place = found[-1].order

    def keep(self) -> None:
        """Tell what was counted in minutes that are over, and move what has been in Redis for long enough."""
        self._tell(keys=[COUNTS, COUNTED, STREAM], args=[""])
        while old := self._old():
            self._files.append(old)
            self._forget(old)

    def _forget(self, filed: Sequence[Entry]) -> None:
        self._redis.xdel(STREAM, *(entry.id for entry in filed))

    def _old(self) -> list[Entry]:
        """The next that are to leave Redis."""
        too_many = self._redis.xlen(STREAM) - KEPT
        oldest = _entries(self._redis.xrange(STREAM, count=BATCH))
        limit = time_of(self._redis) - KEPT_FOR
        return [entry for number, entry in enumerate(oldest) if entry.time < limit or number < too_many]

    def _all_newest_first(self, until: datetime | None, seen: set[str]) -> Iterator[Entry]:
        top = "+"
        while found := _entries(self._redis.xrevrange(STREAM, max=top, count=BATCH)):
            yield from found
            seen.update(entry.id for entry in found)
            top = f"({found[-1].id}"
        yield from (entry for entry in self._files.backwards(until) if entry.id not in seen)

    def _stream_after(self, place: tuple[int, int]) -> list[Entry]:
        return _entries(self._redis.xrange(STREAM, min=f"({place[0]}-{place[1]}", count=BATCH))


def _entries(found: Sequence[tuple[str, dict[str, str]]]) -> list[Entry]:
    return [replace(read(stored["entry"]), id=entry_id) for entry_id, stored in found]


def _later(since: datetime | None, place: tuple[int, int]) -> datetime | None:
    """From which moment on files can matter."""
    reached = Entry("", id=f"{place[0]}-{place[1]}").time if place != (0, 0) else None
    return max((moment for moment in (since, reached) if moment), default=None)
