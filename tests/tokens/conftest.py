"""Tokens that age: MAST's clock is the sandbox's, ours is Redis', and a record can be made older than it is."""

from __future__ import annotations

import email
import mailbox
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from tests.engineering.conftest import entitled, mint, redis_folder, redis_process, sandbox
from tests.engineering.conftest import site as engineering_site
from tests.workflows.conftest import Site
from topmast_service import container

__all__ = ["engineering_site", "entitled", "mint", "redis_folder", "redis_process", "sandbox"]  # for pytest


@pytest.fixture
def site(engineering_site: Site) -> Iterator[Site]:
    """A site whose MAST keeps the right time again afterwards."""
    yield engineering_site
    engineering_site.sandbox.post("clock", now=datetime.now(UTC).isoformat())


@pytest.fixture
def later(site: Site) -> Callable[..., None]:
    """Lets time pass: at MAST by its clock, and here by making the records that much older."""

    def pass_(**time: float) -> None:
        age = timedelta(**time)
        site.sandbox.post("clock", advance=age.total_seconds())
        redis = site.api.stores.redis
        for user, _ in site.api.stores.tokens.everybody():
            key = f"topmast:mast-token:{user}"
            moved = {name: redis.hget(key, name) for name in ("since", "used", "refused")}
            older = {name: (datetime.fromisoformat(at) - age).isoformat() for name, at in moved.items() if at}
            redis.hset(key, mapping=older)
        for gate in redis.scan_iter("topmast:once:*"):
            redis.delete(gate)

    return pass_


def keep_alive(site: Site) -> None:
    """What the query worker does when upkeep calls."""
    container.for_query(site.settings).keep_alive.run()


def facts(site: Site, user: str = "alice") -> dict[str, Any]:
    """What the user may see."""
    return site.api.mast_tokens.told(user)


def mails(site: Site) -> list[EmailMessage]:
    """All messages there are, in the order of their dates."""
    box = mailbox.Maildir(site.settings.mail, factory=None)
    found = [email.message_from_bytes(item.as_bytes(), EmailMessage, policy=default) for item in box]
    return sorted(found, key=lambda message: message["Date"].datetime)
