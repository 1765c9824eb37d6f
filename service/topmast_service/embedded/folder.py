"""The data folder of an embedded service, and the one process that may use it."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topmast_service.embedded.reasons import CannotRun

PRIVATE = ("redis", "mail", "secrets", "logs", "audit")
"""Nobody but the owner looks into these; `cache/`, `stage/` and `tables/` are made by those who write them."""

TAKEOVER_SECONDS = 15.0
"""How long the processes of a killed `up` may take to go (its guard gives them three seconds)."""


@dataclass(frozen=True)
class Folder:
    """``DIR/`` and what lies where in it."""

    root: Path

    @property
    def redis(self) -> Path:
        """Redis' append-only file, its version and, if the path is short enough, its socket."""
        return self.root / "redis"

    @property
    def mail(self) -> Path:
        """The Maildir."""
        return self.root / "mail"

    @property
    def secrets(self) -> Path:
        """Certificate, private key and the first user's API key."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.root / "logs"

    @property
    def endpoint(self) -> Path:
        """What clients need to know; there only while the service is ready."""
        return self.root / "endpoint.json"

    @property
    def lock(self) -> Path:
        """Locked while any process of the service lives; says which `up` started it, and stays as its memory."""
        return self.root / "lock"

    def make(self) -> None:
        """Create the folder and its private parts.

        Raises
        ------
        CannotRun
            The folder cannot be made or written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for name in PRIVATE:
                (self.root / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CannotRun(f"{self.root} cannot be used: {error.strerror}.", hint="Name another --data DIR.") from None


class Lock:
    """Held from before the first process starts until the last one has ended.

    Children inherit the descriptor, and a flock belongs to the open file: so a second `up` cannot start a Redis on an
    append-only file that the Redis of a killed `up` still writes.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self.descriptor = descriptor
        self.before = read_lock(path)

    def tell(self, **facts: Any) -> None:
        """Write down who holds it and what a later `up` or command wants to know (``url``, ``redis_url``, …)."""
        write_private(self._path, json.dumps({"pid": os.getpid(), **facts}), in_place=True)


@contextmanager
def claim(folder: Folder, pause: Callable[[float], object] = time.sleep) -> Iterator[Lock]:
    """The lock of `folder`, for as long as the block runs.

    Raises
    ------
    CannotRun
        Another `up` has it; says which.
    """
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, folder, pause)
        yield Lock(folder.lock, descriptor)
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Folder, pause: Callable[[float], object]) -> None:
    until = time.monotonic() + TAKEOVER_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_lock(folder.lock)
            if _alive(holder.get("pid")):
                raise _taken(folder, holder) from None
            if time.monotonic() > until:
                raise _orphaned(folder, holder) from None
        pause(0.1)


def _taken(folder: Folder, holder: dict[str, Any]) -> CannotRun:
    who, url = holder.get("pid", "unknown"), holder.get("url", "not known yet")
    return CannotRun(
        f"{folder.root} is in use by another `topmast-service up` (pid {who}, {url}).",
        hint="Use that one, stop it (Ctrl-C or SIGTERM), or name another --data DIR.",
    )


def _orphaned(folder: Folder, holder: dict[str, Any]) -> CannotRun:
    return CannotRun(
        f"Processes of a killed `topmast-service up` (pid {holder.get('pid')}) still use {folder.root}.",
        hint=f"`fuser -v {folder.lock}` lists them; stop them, and try again.",
    )


def _alive(pid: Any) -> bool:
    """Whether `pid` runs; an empty lock file belongs to somebody who has only just begun."""
    if not isinstance(pid, int):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def read_lock(path: Path) -> dict[str, Any]:
    """What the present or last holder wrote; nothing if nobody has."""
    try:
        facts = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def write_private(path: Path, text: str, *, in_place: bool = False) -> None:
    """`text` at `path`, mode 0600 from its first byte; whole or not at all unless `in_place` (a locked file)."""
    if in_place:
        path.write_text(text)
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
    os.replace(temporary, path)
