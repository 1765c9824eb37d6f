"""What can be changed of a job afterwards, as the service wants it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from ._errors import UsageError

Recipients = str | Iterable[str | Mapping[str, str]]


class Unchanged(Enum):
    """Stands for what is left as it is, where None means "none"."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


def changes(label: str | Unchanged | None, notify: Recipients | Unchanged) -> dict[str, Any]:
    """The body of a change.

    Raises
    ------
    UsageError
        There is nothing to change.
    """
    body: dict[str, Any] = {} if isinstance(label, Unchanged) else {"label": label}
    body |= {} if isinstance(notify, Unchanged) else {"notify": addresses(notify)}
    if not body:
        raise UsageError("nothing to change", hint="Give a label (None: no label), or whom to notify.")
    return body


def end(planned: dt.datetime | None, days: float | None, until: dt.datetime | None) -> str:
    """When files are to go: `days` after they would have gone, or at `until`, as RFC 3339.

    Raises
    ------
    UsageError
        Neither is given, or both.
    """
    if (days is None) == (until is None):
        raise UsageError("extend takes days or until", hint="job.extend(days=7), for instance.")
    if until is None:
        until = (planned or dt.datetime.now(dt.UTC)) + dt.timedelta(days=days or 0)
    # naive times are the user's local ones, as everywhere in Python
    return f"{until.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def addresses(notify: Recipients) -> list[dict[str, str]]:
    """Whom to tell."""
    entries = [notify] if isinstance(notify, (str, Mapping)) else list(notify)
    return [{"email": entry} if isinstance(entry, str) else dict(entry) for entry in entries]
