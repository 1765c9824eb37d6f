"""The ground that everything stands on: Redis' settings, and who may read and write what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from stat import S_IMODE

from topmast_service.store.census import Durability
from topmast_service.workflows.doctor.finding import Finding

CLOSED = ("secrets", "redis", "mail", "logs", "endpoint.json", "lock")
"""What nobody but the service's own user may look into, where `up` keeps it."""


def redis(told: Durability) -> Iterator[Finding]:
    """Whether what is acknowledged is kept."""
    if told.appends is False:
        yield Finding("redis_not_durable", f"Redis {told.version}")
    if told.evicts:
        yield Finding("redis_evicts", f"Redis {told.version}")
    if not told.writes:
        yield Finding("redis_write_failed", f"Redis {told.version}")


def permissions(data: Path, stage: Path) -> Iterator[Finding]:
    """Secrets are private, and staged folders are written to by the service alone."""
    for path in [*(data / name for name in CLOSED), *_secrets(data / "secrets")]:
        yield from _granting(path, data, 0o077, "secret_readable")
    for inside, _, _ in os.walk(stage):
        yield from _granting(Path(inside), data, 0o022, "stage_writable")


def _secrets(folder: Path) -> Iterator[Path]:
    """Keys; certificates (.pem) are for everybody, behind the closed door of their folder."""
    yield from (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pem")


def _granting(path: Path, data: Path, bits: int, code: str) -> Iterator[Finding]:
    with suppress(FileNotFoundError):
        mode = S_IMODE(path.lstat().st_mode)
        if mode & bits:
            yield Finding(code, os.path.relpath(path, data), f"mode {mode:04o}", partial(_without, path, bits))


def _without(path: Path, bits: int) -> bool:
    path.chmod(S_IMODE(path.lstat().st_mode) & ~bits)
    return True
