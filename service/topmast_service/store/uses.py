"""When each blob of the cache was last used, and how large the cache's folders were when last looked at.

Kept here and not in mtime or atime: copies, backups and filesystems mounted ``noatime`` lose those, and a read by
`sha256sum` would count as a use. Keys: ``uses`` hash by time of last use, ``space`` bytes by folder, ``space:turn``
which folders were looked at, ``space:stale`` folders whose index may name blobs that are gone. All of it can be lost:
what is not known is learnt again, as used now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice

from topmast_service.store.connection import PREFIX, Client

_USES, _SPACE, _TURN, _STALE = (f"{PREFIX}{name}" for name in ("uses", "space", "space:turn", "space:stale"))
_BATCH = 1000


class Uses:
    """What eviction goes by; written in bulk, by upkeep's single slot."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    def note(self, hashes: Iterable[str], when: datetime) -> None:
        """These blobs were used at `when`, if not later already."""
        self._write(hashes, when, gt=True)

    def note_unknown(self, hashes: Iterable[str], when: datetime) -> None:
        """These blobs are there; those of which no use is known count as used at `when`."""
        self._write(hashes, when, nx=True)

    def longest_unused(self, before: datetime, count: int) -> list[str]:
        """Up to `count` hashes that were not used since `before`, the longest unused first."""
        found = self._redis.zrangebyscore(_USES, "-inf", f"({before.timestamp()}", start=0, num=count)
        return list(found)

    def forget(self, hashes: Iterable[str]) -> None:
        """These blobs are gone."""
        remaining = iter(hashes)
        while some := list(islice(remaining, _BATCH)):
            self._redis.zrem(_USES, *some)

    def last_use(self, sha256: str) -> datetime | None:
        """When a blob was last used, by Redis' clock; None when nothing is known."""
        score = self._redis.zscore(_USES, sha256)
        return None if score is None else datetime.fromtimestamp(score).astimezone()

    def turn(self, folders: int, of: int) -> list[int]:
        """Which `folders` out of `of` are looked at next, in turn over all processes and restarts."""
        end = int(self._redis.incrby(_TURN, folders))
        return [number % of for number in range(end - folders, end)]

    def measured(self, sizes: Mapping[str, int]) -> None:
        """The bytes in some folders, just counted."""
        if sizes:
            self._redis.hset(_SPACE, mapping=dict(sizes))

    def freed(self, folder: str, size: int) -> None:
        """`size` bytes of a folder are gone."""
        self._redis.hincrby(_SPACE, folder, -size)

    def total(self) -> int:
        """Bytes in the cache, as last counted."""
        return sum(max(0, int(size)) for size in self._redis.hvals(_SPACE))

    def index_is_stale(self, folders: Iterable[str]) -> None:
        """The index files in these folders are to be looked over."""
        self._redis.sadd(_STALE, *folders)

    def take_stale(self, most: int) -> list[str]:
        """Up to `most` folders to look over now; a crash loses them until the next eviction, which is harmless."""
        return list(self._redis.spop(_STALE, most))

    def _write(self, hashes: Iterable[str], when: datetime, *, gt: bool = False, nx: bool = False) -> None:
        remaining = iter(hashes)
        while some := list(islice(remaining, _BATCH)):
            self._redis.zadd(_USES, dict.fromkeys(some, when.timestamp()), gt=gt, nx=nx)
