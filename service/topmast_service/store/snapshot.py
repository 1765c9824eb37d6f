"""A moment of everything Redis knows, in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from topmast_service.errors import StoreUnavailable
from topmast_service.store.connection import Client

_LOOK_EVERY = 0.05


def snapshot(redis: Client, within: float = 600.0) -> Path:
    """Let Redis write an RDB file of this moment beside its own files, and say where.

    Redis forks for it and goes on serving; what is acknowledged before the call is in the file.

    Raises
    ------
    StoreUnavailable
        It was not written: no room, no permission, or not within `within` seconds.
    """
    until = time.monotonic() + within
    _wait(until, lambda: not redis.info("persistence")["rdb_bgsave_in_progress"])
    path = Path(redis.config_get("dir")["dir"], redis.config_get("dbfilename")["dbfilename"])
    # Redis renames the finished file into place; seconds, as LASTSAVE tells them, could not tell two apart.
    path.unlink(missing_ok=True)
    redis.bgsave(schedule=True)  # an AOF that is being rewritten comes first
    _wait(until, lambda: path.exists() or _failed(redis))
    if not path.exists():
        raise StoreUnavailable(
            f"Redis could not write {path}.", hint="Its log says why; is it on this machine, and is there room?"
        )
    return path


def _failed(redis: Client) -> bool:
    told = redis.info("persistence")
    busy = told["rdb_bgsave_in_progress"] or told["aof_rewrite_in_progress"] or told.get("aof_rewrite_scheduled")
    return not busy and told["rdb_last_bgsave_status"] != "ok"


def _wait(until: float, ready: Callable[[], bool]) -> None:
    while not ready() and time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
