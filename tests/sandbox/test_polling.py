"""Held polls: EXECUTING so many times, then done; forgotten when nobody asks."""

import time

from topmast_sandbox.wire import polling
from topmast_sandbox.wire.polling import HeldQueries


def test_so_many_polls_are_refused_and_the_next_one_is_done():
    queries = HeldQueries()
    queries.begin("q", 0.0, polls=2)

    assert [queries.hold("q", 0.0) for _ in range(4)] == [False, False, True, True]


def test_a_slow_query_is_held_and_then_done():
    queries = HeldQueries()
    queries.begin("q", 0.15)

    answers = [queries.hold("q", 0.05)]
    while not answers[-1]:
        answers.append(queries.hold("q", 0.05))

    assert answers[0] is False


def test_a_query_that_nobody_asks_for_is_forgotten(monkeypatch):
    queries = HeldQueries()
    queries.begin("q", 0.0)
    assert queries.known("q")

    now = time.monotonic()
    monkeypatch.setattr(polling.time, "monotonic", lambda: now + polling.FORGOTTEN_AFTER + 1)

    assert not queries.known("q")
