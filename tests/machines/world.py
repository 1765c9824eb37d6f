"""One installation whose processes are called by hand, each with a client of its own that may be interrupted.

Real are: the record and the work list in Redis, all workflows as the container wires them, cache, trees and tables
on disk, the Maildir, and a small MAST on a socket. Celery is a list of messages, delivered when the test says so.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from tests.machines.interruptions import Connect, Interruption, Killed
from tests.machines.passing import pass_time
from tests.machines.witness import Witness
from topmast_service import container
from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.users import User
from topmast_service.workflows.transfer import Transfers
from topmast_service.workflows.upkeep import Upkeep

CONNECTIONS = 3
ALICE = User("alice", "alice@example.org")
Message = tuple[str, str]
"""The step that is called for, and the job."""


class Process:
    """What one process can do, over its own client; each kind is wired when it is first asked for."""

    def __init__(self, settings: Settings, redis: Any, send: Callable[[Job], None]) -> None:
        self._settings = settings
        self._redis = redis
        self._send = send

    def close(self) -> None:
        """Its connections end with it."""
        if "transfers" in self.__dict__:
            self.transfers.downloads.close()
        self._redis.close()

    @cached_property
    def api(self) -> container.Api:
        """Submissions and control."""
        return self._wired(container.for_api)

    @cached_property
    def query(self) -> container.Query:
        """The planner and the bundles' steps."""
        return self._wired(container.for_query)

    @cached_property
    def transfers(self) -> Transfers:
        """One thread that moves files."""
        return self._wired(container.for_transfer)

    @cached_property
    def upkeep(self) -> Upkeep:
        """Rounds of it."""
        return self._wired(container.for_upkeep)

    def answer(self, message: Message) -> None:
        """Do what a wake-up call asks for."""
        step, job_id = message
        if step == "transfer":
            self.transfers.run()
        elif step == "resolve":
            self.query.bundles.resolve(job_id, self.query.planner)
        else:
            getattr(self.query.bundles, step)(job_id)

    def _wired(self, build: Callable[[Settings], Any]) -> Any:
        """As `container` wires it, but over this process's client, and with our list in the place of Celery."""
        others = ("refresh_columns", "draw", "show_tokens", "look_for_releases")  # none of it changes a bundle
        post = SimpleNamespace(wake=self._send, **dict.fromkeys(others, lambda *_: None))
        with ExitStack() as replaced:
            replaced.enter_context(patch.object(container.stores, "connect", lambda _: self._redis))
            for sender in (container.api, container.parts, container.workers):
                replaced.enter_context(patch.object(sender, "Messages", lambda *_: post))
            return build(self._settings)


class World:
    """The installation. `messages` are all wake-up calls ever sent, `heard` how many of them were delivered."""

    def __init__(self, folder: Path, connect: Connect, mast_url: str) -> None:
        self.settings = Settings(data=folder, mast_url=mast_url, mast_connections=CONNECTIONS)
        self.messages: list[Message] = []
        self.heard = 0
        self.uptime = 1e6
        self._connect = connect
        self.redis = connect(Interruption())
        self.witness = Witness(self.redis, CONNECTIONS)

    def do(self, work: Callable[[Process], Any], interruption: Interruption | None = None) -> None:
        """Let a new process do something; dying and losing Redis end it, as Celery and gunicorn would see it."""
        process = self.process(interruption or Interruption())
        try:
            work(process)
        except (Killed, *UNAVAILABLE):
            pass
        finally:
            process.close()

    def process(self, interruption: Interruption) -> Process:
        """One that is started now; whoever asks for it closes it."""
        interruption.after, interruption.uptime = self.witness.look, lambda: self.uptime
        return Process(self.settings, self._connect(interruption), self._send)

    def deliver_all(self) -> None:
        """Every message not heard yet, by processes that nothing happens to."""
        while self.heard < len(self.messages):
            self.heard += 1
            self.answer(self.messages[self.heard - 1])

    def answer(self, message: Message, interruption: Interruption | None = None) -> None:
        """Some process hears a wake-up call."""
        self.do(lambda process: process.answer(message), interruption)

    def upkeep(self, interruption: Interruption | None = None) -> None:
        """One round of it."""
        self.do(lambda process: process.upkeep.round(), interruption)

    def pass_time(self, seconds: float) -> None:
        """Everything that was written down becomes older."""
        self.uptime += seconds
        pass_time(self.redis, seconds)
        self.witness.forget_times()

    def close(self) -> None:
        """Nothing is looked at any more."""
        self.redis.close()

    def jobs(self) -> list[Job]:
        """Every record there is, oldest first."""
        return self.witness.jobs()

    def _send(self, job: Job) -> None:
        self.messages.append((job.step, job.id))
