"""When exclusive access ends: what of a bundle to ask MAST about, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from topmast_service.domain import access
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK

AUTO, NEVER = "auto", "never"
RELEASES = (AUTO, NEVER)
"""A request's `release`: whether what is withheld is added, in a next revision, once MAST gives it to everybody."""

AGAIN = timedelta(hours=6)
"""After so long MAST is asked again about what is due and still refused, or has no date."""

_WAITING = frozenset({access.EXCLUSIVE, access.UNKNOWN})


def wanted(bundle: Job) -> bool:
    """Whether its user asked for what is withheld to be added."""
    return bundle.request.get("release") == AUTO


def due(row: Mapping[str, Any], now: datetime) -> bool:
    """Whether a manifest row may have become public: its date has passed, or it has none."""
    return row["access"] in _WAITING and _release(row, now) <= now


def next_look(bundle: Job, rows: Iterable[Mapping[str, Any]], now: datetime) -> datetime | None:
    """When to ask next about a bundle's rows that are not public; None if nothing of it can become so.

    What is withheld counts only where its user wants it added; what was delivered with a token always does.
    """
    waiting = [row for row in rows if row["access"] in _WAITING and (wanted(bundle) or row["status"] == OK)]
    first = min((_release(row, now) for row in waiting), default=None)
    return None if first is None else max(first, now + AGAIN) if first <= now else first


def _release(row: Mapping[str, Any], now: datetime) -> datetime:
    told = row.get("release")
    return datetime.fromisoformat(str(told)) if told else now
