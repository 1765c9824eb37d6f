"""MAST ends a token after ten idle days: unused ones are shown to it in time, and nothing is marked by mistake."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.tokens.conftest import facts, keep_alive
from tests.workflows.conftest import Site
from topmast_service.store.messages import QUERY, Messages
from topmast_service.worker.celery_app import make_worker_app
from topmast_service.workflows.token_care import AT_ONCE


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often upkeep called for a look at idle tokens."""
    found: list[str] = []
    monkeypatch.setattr(Messages, "show_tokens", lambda _: found.append("tokens"))
    return found


def asked(site: Site) -> int:
    return int(site.sandbox.requests()["services"].get("whoami", 0))


def test_a_token_that_nobody_uses_outlives_ten_days(
    site: Site, mint: Callable[..., str], later: Callable[..., None]
) -> None:
    site.api.mast_tokens.put("alice", mint())
    for _ in range(3):
        later(days=8)
        keep_alive(site)

    assert facts(site)["accepted"] is True
    assert facts(site)["idle_end"] - site.api.stores.tokens.now() > timedelta(days=9)


def test_one_that_was_not_shown_ends_and_is_marked(
    site: Site, mint: Callable[..., str], later: Callable[..., None]
) -> None:
    site.api.mast_tokens.put("alice", mint())
    later(days=11)
    keep_alive(site)

    assert facts(site)["accepted"] is False
    assert facts(site)["refused"] is not None


def test_a_token_in_use_is_not_shown(site: Site, mint: Callable[..., str], later: Callable[..., None]) -> None:
    site.api.mast_tokens.put("alice", mint())
    later(days=6)
    before = asked(site)
    keep_alive(site)

    assert asked(site) == before


def test_upkeep_calls_when_one_idles_and_at_most_once_an_hour(
    site: Site, mint: Callable[..., str], later: Callable[..., None], called: list[str]
) -> None:
    site.api.mast_tokens.put("alice", mint())
    site.upkeep()
    assert called == []

    later(days=7.5)
    site.upkeep()
    site.upkeep()
    assert called == ["tokens"]


def test_a_mast_that_is_away_marks_nothing_and_is_asked_again(
    site: Site, mint: Callable[..., str], later: Callable[..., None], called: list[str]
) -> None:
    site.api.mast_tokens.put("alice", mint())
    later(days=8)
    before, good = facts(site), site.settings
    site.settings = replace(good, mast_url="http://127.0.0.1:9")
    keep_alive(site)
    assert facts(site) == before

    site.settings = good
    later(hours=1)
    site.upkeep()
    assert called == ["tokens"]
    keep_alive(site)
    assert facts(site)["used"] > before["used"]


def test_a_maintenance_page_marks_nothing(site: Site, mint: Callable[..., str], later: Callable[..., None]) -> None:
    site.api.mast_tokens.put("alice", mint())
    later(days=8)
    before = facts(site)
    site.sandbox.post("faults", service="whoami", fault="html")
    keep_alive(site)
    site.sandbox.post("faults", rules=[])

    assert facts(site) == before


def test_a_few_at_a_time_those_first_that_idle_longest(
    site: Site, mint: Callable[..., str], later: Callable[..., None]
) -> None:
    users = [f"user{n}" for n in range(AT_ONCE + 2)]
    for user in users:
        site.api.mast_tokens.put(user, mint())
        later(minutes=1)
    later(days=8)
    site.sandbox.post("requests/reset")
    keep_alive(site)

    assert asked(site) == AT_ONCE
    now = site.api.stores.tokens.now()
    assert [user for user in users if now - facts(site, user)["used"] > timedelta(days=7)] == users[-2:]
    keep_alive(site)
    assert asked(site) == len(users)


def test_one_whose_key_is_gone_keeps_no_other_from_it(
    site: Site, mint: Callable[..., str], later: Callable[..., None]
) -> None:
    site.api.mast_tokens.put("alice", mint())
    site.api.stores.redis.hset("topmast:mast-token:alice", "sealed", "nonsense")
    later(hours=1)
    site.api.mast_tokens.put("bob", mint())
    later(days=8)
    keep_alive(site)

    assert (facts(site)["accepted"], facts(site, "bob")["accepted"]) == (False, True)
    assert site.api.stores.tokens.now() - facts(site, "bob")["used"] < timedelta(days=1)


def test_no_token_is_logged(
    site: Site, mint: Callable[..., str], later: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kept, revoked = mint(), mint()
    for user, token in (("alice", kept), ("bob", revoked)):
        site.api.mast_tokens.put(user, token)
    site.sandbox.post("tokens", revoke=revoked)
    later(days=8)
    keep_alive(site)

    assert "bob" in caplog.text
    assert not [token for token in (kept, revoked) if token in caplog.text]


def test_what_upkeep_sends_is_what_the_query_worker_knows(site: Site) -> None:
    Messages(site.settings.redis_url, 1).show_tokens()
    (sent,) = site.api.stores.redis.lrange(f"topmast-celery:{QUERY}", 0, -1)

    assert json.loads(sent)["headers"]["task"] in make_worker_app(site.settings, QUERY).tasks
