"""How an API key is written down: its hash, and what may be shown of it.

Redis keys: ``key:<hash>`` hash of the fields of `KeyFacts`, ``keys:<user>`` set of the hashes. Earlier releases wrote
neither scopes nor end: such a key may what its user's role allows, and does not end. One that ended is listed for
another month.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from topmast_service.store.connection import PREFIX, Client
from topmast_service.store.jobs import IDEMPOTENCY_SECONDS

LISTED_AFTER_END = timedelta(days=30)


@dataclass(frozen=True)
class KeyFacts:
    """What may be shown of a key: never the key. No `scopes`: whatever its user's role allows."""

    id: str
    user: str
    created: datetime
    last_used: datetime | None = None
    expires: datetime | None = None
    scopes: tuple[str, ...] = ()
    label: str = ""


def digest_of(key: str) -> str:
    """What stands for a key here."""
    return hashlib.sha256(key.encode()).hexdigest()


def record(digest: str) -> str:
    """Where the facts are."""
    return f"{PREFIX}key:{digest}"


def index(user: str) -> str:
    """Where the hashes of a user's keys are."""
    return f"{PREFIX}keys:{user}"


def read(redis: Client, digest: str) -> KeyFacts | None:
    """The facts of the key with this hash, if there is one."""
    stored: Mapping[str, str] = redis.hgetall(record(digest))
    if not stored.get("user"):
        return None
    last_used, expires = (
        datetime.fromisoformat(stored[n]) if stored.get(n) else None for n in ("last_used", "expires")
    )
    created, scopes = datetime.fromisoformat(stored["created"]), tuple(stored.get("scopes", "").split())
    return KeyFacts(stored["id"], stored["user"], created, last_used, expires, scopes, stored.get("label", ""))


def read_all(redis: Client, user: str) -> dict[str, KeyFacts]:
    """All keys of a user, by their hashes."""
    found = {str(digest): read(redis, digest) for digest in redis.smembers(index(user))}
    return {digest: facts for digest, facts in found.items() if facts}


def write(pipe: Any, digest: str, facts: KeyFacts) -> None:
    """Write the facts down."""
    times = {name: text(getattr(facts, name)) for name in ("created", "last_used", "expires")}
    told = {"id": facts.id, "user": facts.user, "scopes": " ".join(facts.scopes), "label": facts.label}
    pipe.hset(record(digest), mapping=told | times)
    pipe.sadd(index(facts.user), digest)
    if facts.expires:
        pipe.expireat(record(digest), facts.expires + LISTED_AFTER_END)


def end(pipe: Any, digest: str, facts: KeyFacts, until: datetime | None = None) -> None:
    """Have a key end at `until`, if it would live longer; without it at once. A repeat of its making is told so."""
    if until:
        write(pipe, digest, replace(facts, expires=min(until, facts.expires or until)))
        return
    pipe.set(f"{PREFIX}removed:{facts.id}", 1, ex=IDEMPOTENCY_SECONDS)
    pipe.delete(record(digest))
    pipe.srem(index(facts.user), digest)


def text(moment: datetime | None) -> str:
    """As the record has it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
