"""A moment of everything Redis knows, in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from topmast_service.errors import StoreUnavailable
from topmast_service.store.connection import Client

_LOOK_EVERY = 0.05
_LATE = 2.0  # seconds between the end of an AOF rewrite and the begin of a snapshot that waited for it


def snapshot(redis: Client, within: float = 600.0) -> Path:
    """Let Redis write an RDB file of this moment beside its own files, and say where.

    Redis forks for it and goes on serving; what is acknowledged before the call is in the file.

    Raises
    ------
    StoreUnavailable
        The file is not there: no room, no permission, not within `within` seconds, or a Redis on another machine.
    """
    until = time.monotonic() + within
    _wait(until, lambda: not _busy(redis))
    path = Path(redis.config_get("dir")["dir"], redis.config_get("dbfilename")["dbfilename"])
    before = _identity(path)
    redis.bgsave(schedule=True)
    # Redis renames the finished file into place: another inode. LASTSAVE counts in seconds, which tells too little.
    while _identity(path) == before:
        _wait(until, lambda: not _busy(redis))
        _wait(min(until, time.monotonic() + _LATE), lambda: _identity(path) != before or _busy(redis))
        if _identity(path) == before and not _busy(redis):
            raise StoreUnavailable(
                f"Redis did not write {path} where it could be seen.",
                hint="Its log says why. If it runs on another machine, back it up by its own means, and say "
                "--without-records here.",
            )
    return path


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (FileNotFoundError, PermissionError):
        return None
    return status.st_ino, status.st_mtime_ns


def _busy(redis: Client) -> bool:
    told = redis.info("persistence")
    return bool(told["rdb_bgsave_in_progress"] or told["aof_rewrite_in_progress"])


def _wait(until: float, ready: Callable[[], bool]) -> None:
    while not ready() and time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
