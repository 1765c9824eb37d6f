"""Redis clients of processes that die, stall or lose an answer at a command of the test's choosing.

A SIGKILL or a SIGSTOP that matters falls between two commands to Redis; so a client that can be interrupted before its
n-th command reaches every such moment, without processes and without waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import fakeredis
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

KINDS = ("kill", "refused", "unanswered", "doubled", "stall")
"""Dead before the command; Redis away before it; its answer lost; sent twice, as redis-py does; stopped for long."""


READ_ONLY = frozenset(["GET", "MGET", "TIME", "HGET", "HGETALL", "HVALS", "ZCARD", "SCARD", "SMEMBERS", "HSCAN"])
"""Commands after which nothing can have changed."""


class Killed(BaseException):
    """The process has ended: nothing of it runs any more, no `except Exception` sees it."""


@dataclass
class Interruption:
    """What happens to one process at its `at`-th command (1 is the first); `stall` runs what others do meanwhile."""

    kind: str = "none"
    at: int = 0
    stall: Callable[[], None] = field(default=lambda: None)
    after: Callable[[], None] = field(default=lambda: None)
    uptime: Callable[[], float] = field(default=lambda: 1e6)
    commands: int = 0
    dead: bool = False
    happened: bool = False

    def run(self, name: str, command: Callable[[], Any]) -> Any:
        """`command`, unless its time has come."""
        if self.dead:
            raise Killed
        self.commands += 1
        if self.commands != self.at:
            return self._done(name, command)
        self.happened = True
        match self.kind:
            case "kill":
                self.dead = True
                raise Killed
            case "refused":
                raise redis.ConnectionError("Redis is away")
            case "unanswered":
                self._done(name, command)
                raise redis.ConnectionError("the answer is lost")
            case "doubled":
                self._done(name, command)
            case "stall":
                self.stall()
        return self._done(name, command)

    def _done(self, name: str, command: Callable[[], Any]) -> Any:
        try:
            return command()
        finally:
            if name not in READ_ONLY:
                self.after()


class RealClient(redis.Redis):
    """A client of a real server; how long that has been up is the test's to say."""

    interruption = Interruption()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """One command, or what happens instead."""
        if args[0] == "INFO":
            return {"uptime_in_seconds": self.interruption.uptime()}
        return self.interruption.run(str(args[0]), lambda: super(RealClient, self).execute_command(*args, **options))


class FakeClient(fakeredis.FakeRedis):
    """The same of fakeredis."""

    interruption = Interruption()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """One command, or what happens instead."""
        if args[0] == "INFO":
            return {"uptime_in_seconds": self.interruption.uptime()}
        return self.interruption.run(str(args[0]), lambda: super(FakeClient, self).execute_command(*args, **options))


Connect = Callable[[Interruption], Any]
"""Opens a client that `Interruption` has in hand."""


def to_fake(server: fakeredis.FakeServer) -> Connect:
    """Clients of one fakeredis server; it says it is as old as the oldest real one that is supported."""

    def connect(interruption: Interruption) -> Any:
        client = FakeClient(server=server, decode_responses=True, version=(6, 2))
        client.interruption = interruption
        return client

    return connect


def to_real(url: str) -> Connect:
    """Clients of a real server."""

    def connect(interruption: Interruption) -> Any:
        retry = Retry(ConstantBackoff(0.05), 3)
        client = RealClient.from_url(url, decode_responses=True, retry=retry, retry_on_error=[redis.ConnectionError])
        client.interruption = interruption
        return client

    return connect
