"""Users, workers, messages, time and accidents in any order that hypothesis thinks of; then everything must end well.

What may never be seen is looked for after every command to Redis (`witness`), what must come about at the end
(`healing`). On fakeredis always; on a real Redis with an append-only file, killed and restarted, with `make chaos` too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.machines.healing import heal
from tests.machines.interruptions import KINDS, Interruption, to_fake, to_real
from tests.machines.mast import Mast
from tests.machines.world import ALICE, Process, World
from tests.servers_redis import RedisProcess, start_redis
from topmast_service.errors import IllegalMove, UnknownJob
from topmast_service.store.slices import Slice

ACCIDENTS = st.one_of(st.just(("none", 0)), st.tuples(st.sampled_from(KINDS), st.integers(1, 25)))
"""What happens to a process, and at which of its commands."""

JOBS = st.integers(0, 2)
"""Which of the jobs there are."""


class Installation(RuleBasedStateMachine):
    """The rules; where Redis is, a subclass says."""

    server: Mast

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="machine-")
        self.world = World(Path(self._folder.name), self.connect(), self.server.url)
        self.held: list[tuple[Process, Slice]] = []
        self.requests = 0
        self.server.away = False

    def connect(self) -> Callable[[Interruption], Any]:
        """An empty Redis."""
        return to_fake(fakeredis.FakeServer())

    @precondition(lambda self: len(self.world.jobs()) < 3)
    @rule(names=st.lists(st.sampled_from(["a", "b", "c", "gone"]), min_size=1, unique=True), accident=ACCIDENTS)
    def submit(self, names: list[str], accident: tuple[str, int]) -> None:
        """With a key, and again with the same if no answer came."""
        self.requests += 1
        request = {"from": {"uris": [f"mast:JWST/product/jw{self.requests}_{name}_asn.json" for name in names]}}
        for interruption in (self.interruption(accident), None):
            self.world.do(lambda p: p.api.submissions.bundle(ALICE, request, f"key{self.requests}"), interruption)

    @precondition(lambda self: self.world.messages)
    @rule(which=st.integers(0, 30), accident=ACCIDENTS)
    def a_message_arrives(self, which: int, accident: tuple[str, int]) -> None:
        """The newest, or one of long ago."""
        messages = self.world.messages
        self.world.answer(messages[-1 - which % len(messages)], self.interruption(accident))

    @rule(accident=ACCIDENTS)
    def upkeep(self, accident: tuple[str, int]) -> None:
        """A round."""
        self.world.upkeep(self.interruption(accident))

    @rule(seconds=st.sampled_from([2, 12, 31, 61, 400]))
    def time_passes(self, seconds: int) -> None:
        """Leases run out, pauses end."""
        self.world.pass_time(seconds)

    @precondition(lambda self: self.world.jobs())
    @rule(
        verb=st.sampled_from(["abort", "hold", "run", "retry", "everything", "delete"]), which=JOBS, accident=ACCIDENTS
    )
    def the_user_asks(self, verb: str, which: int, accident: tuple[str, int]) -> None:
        """For what may come too late."""
        jobs = self.world.jobs()
        job_id = jobs[which % len(jobs)].id
        more = {"retry": {"everything": False}, "everything": {"everything": True}}.get(verb, {})
        name = "retry" if more else verb

        def ask(process: Process) -> None:
            with suppress(IllegalMove, UnknownJob):
                getattr(process.api.control, name)(ALICE, job_id, **more)

        self.world.do(ask, self.interruption(accident))
        if verb == "delete":  # a delete that was cut short is asked for again
            self.world.do(ask)

    @rule()
    def a_worker_takes_a_slice(self) -> None:
        """And says nothing more for now."""
        process = self.world.process(Interruption())
        piece = process.api.stores.slices.next()
        if piece:
            self.held.append((process, piece))

    @precondition(lambda self: self.held)
    @rule(what=st.sampled_from(["renew", "close", "postpone"]), which=st.integers(0, 5))
    def it_says_something(self, what: str, which: int) -> None:
        """Perhaps long after the slice was given to another."""
        process, piece = self.held[which % len(self.held)]
        slices = process.api.stores.slices
        if what == "postpone":
            slices.postpone(piece, piece.members[0], 5, counted=False)
        else:
            getattr(slices, what)(piece)

    @rule(away=st.booleans())
    def mast_goes_or_comes_back(self, away: bool) -> None:
        """For as long as may be."""
        self.server.away = away

    def interruption(self, accident: tuple[str, int]) -> Interruption:
        """The accident; whoever stands still does so until others have done its work."""
        return Interruption(*accident, stall=self.others_go_on)

    def others_go_on(self) -> None:
        """Leases run out, upkeep comes round, messages arrive."""
        for _ in range(2):
            self.world.pass_time(61)
            self.world.upkeep()
            self.world.deliver_all()

    def teardown(self) -> None:
        """In the end everything is well."""
        try:
            heal(self.world, self.server)
        finally:
            for process, _ in self.held:
                process.close()
            self.world.close()
            self._folder.cleanup()


class Restarting(Installation):
    """On a real Redis, which is killed as well."""

    redis: RedisProcess

    def connect(self) -> Callable[[Interruption], Any]:
        """The same server for all, emptied."""
        with redis.Redis.from_url(self.redis.url) as client:
            client.flushall()
        return to_real(self.redis.url)

    @rule()
    def redis_is_killed(self) -> None:
        """And started again on its append-only file."""
        self.redis.kill()
        self.redis.start()
        self.world.uptime = 0


def run(machine: type[Installation], mast: Mast, examples: int, **more: Any) -> None:
    """Run a machine so many times."""
    machine.server = mast
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis has no types for it
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            **more,
        ),
    )


@pytest.fixture
def redis_process(tmp_path: Path) -> Iterator[RedisProcess]:
    process = start_redis(tmp_path, aof=True)
    yield process
    process.stop()


def test_everything_ends_well(mast: Mast) -> None:
    run(Installation, mast, 15, derandomize=True, database=None)


def test_everything_ends_well_though_redis_is_killed(mast: Mast, redis_process: RedisProcess) -> None:
    Restarting.redis = redis_process
    run(Restarting, mast, 8, derandomize=True, database=None)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
def test_everything_ends_well_in_many_stories(mast: Mast) -> None:
    run(Installation, mast, 300)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
def test_everything_ends_well_in_many_stories_though_redis_is_killed(mast: Mast, redis_process: RedisProcess) -> None:
    Restarting.redis = redis_process
    run(Restarting, mast, 100)
