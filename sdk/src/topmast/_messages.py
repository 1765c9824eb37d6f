"""What is sent and what comes back, as plain values: no HTTP library's types leave `_transport`."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._errors import BadAnswer

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """One request to the service; `path` begins with ``/`` and is already percent-encoded.

    What it sends is not among what it shows: a token would stand in a traceback that prints variables.
    """

    method: str
    path: str
    params: Params = ()
    json: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """A whole answer; header names are lower case."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """The answer as a JSON object.

        Raises
        ------
        BadAnswer
            It is something else: a proxy's page, an empty body.
        """
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None
        if isinstance(document, dict):
            return document
        raise BadAnswer(
            f"{self.method} {self.url} answered {self.status}, but not with a JSON object: {self.excerpt()}",
            method=self.method,
            url=self.url,
        )

    def excerpt(self) -> str:
        """The first 200 characters, on one line."""
        return " ".join(self.body[:800].decode("utf-8", "replace").split())[:200] or "(empty)"

    def retry_after(self) -> float | None:
        """Seconds that the service asks to wait; RFC 9110 §10.2.3 allows seconds or a date."""
        value = self.headers.get("retry-after", "").strip()
        if not value:
            return None
        if value.isascii() and value.isdigit():
            return float(value[:9])
        return _seconds_until(value, self.headers.get("date", ""))


def _seconds_until(date: str, now: str) -> float | None:
    """From the server's own clock where it tells it: ours may be minutes off."""
    try:
        then = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return None
    try:
        start = email.utils.parsedate_to_datetime(now)
    except ValueError:
        start = dt.datetime.now(dt.UTC)
    try:
        return max(0.0, (then - start).total_seconds())
    except TypeError:  # one of them came with "-0000", which Python reads as naive
        return None
