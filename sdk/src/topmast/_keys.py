"""The client's API keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ._api_errors import NotFound
from ._choice import known, texts
from ._errors import BadAnswer
from ._job import path_part, seconds
from ._messages import Params, Request
from ._reading import entries, members, moment, text
from ._session import Session

KEYS = "/v1/me/keys"
OVERLAP = 300.0  # seconds; all tries of a call fit in, so that a key which replaces itself can ask again
TRIES = 3


@dataclass(frozen=True)
class ApiKey:
    """What may be known of a key; `key` is the key itself, once, when it is made. It is not in its ``repr``.

    Attributes
    ----------
    id, label : str
    scopes : tuple of str
        ``search``, ``bundle``, ``read``, ``admin``: what it may.
    created, last_used, expires : datetime or None
        UTC; `last_used` to the minute, `expires` is None without an end.
    key : str
    """

    id: str
    label: str = ""
    scopes: tuple[str, ...] = ()
    created: dt.datetime | None = None
    last_used: dt.datetime | None = None
    expires: dt.datetime | None = None
    key: str = field(default="", repr=False)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ApiKey:
        """From a document of the service."""
        told: dict[str, Any] = {name: text(document.get(name)) for name in ("id", "label", "key")}
        told |= {name: moment(document.get(name)) for name in ("created", "last_used", "expires")}
        return cls(**told, scopes=tuple(text(scope) for scope in entries(document.get("scopes"))))


class Keys:
    """API keys of this client's user. What changes them needs a key with the scope ``bundle``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> list[ApiKey]:
        """All of them, the newest last; those that have ended for another month."""
        return [ApiKey.from_json(members(entry)) for entry in entries(self._session.get(KEYS).get("items"))]

    def create(
        self,
        label: str = "",
        *,
        scopes: str | Iterable[str] | None = None,
        expires: dt.datetime | dt.timedelta | None = None,
    ) -> ApiKey:
        """Make a key that may no more than this client's, and opens no longer; its ``key`` is shown this once.

        Parameters
        ----------
        label
            What it is for.
        scopes
            By default the usual ones that this client's key has.
        expires
            When, or in how long, it ends.

        Raises
        ------
        MissingScope
            This client's key lacks a scope that the new one is to have.
        """
        end = _end(expires)
        body = known({"label": label or None, "scopes": texts("scopes", scopes), "expires": end})
        return self._made(KEYS, (), body)

    def rotate(self, key_id: str, *, overlap: float | dt.timedelta = OVERLAP) -> ApiKey:
        """Put another key in the place of one: same scopes, label and end; its ``key`` is shown this once.

        Parameters
        ----------
        overlap
            Seconds that the old one still opens: 0 if it has leaked and is not the one that this client uses.
        """
        asked = (("overlap", str(round(seconds(overlap) or 0))),)
        return self._made(f"{KEYS}/{path_part(key_id)}/rotate", asked, None)

    def revoke(self, key_id: str) -> None:
        """Make a key worthless at once; one that is gone already is no error."""
        with suppress(NotFound):
            self._session.call(Request("DELETE", f"{KEYS}/{path_part(key_id)}"))

    def _made(self, path: str, params: Params, body: dict[str, Any] | None) -> ApiKey:
        """A key whose answer got lost is known to nobody: another is put in its place."""
        for _ in range(TRIES):
            made = ApiKey.from_json(self._session.submit(path, body, params=params))
            if made.key:
                return made
            path, params, body = f"{KEYS}/{path_part(made.id)}/rotate", (("overlap", "0"),), None
        raise BadAnswer("the service shows no key", url=self._session.url)


def _end(expires: dt.datetime | dt.timedelta | None) -> str | None:
    # naive times are the user's local ones, as everywhere in Python
    end = dt.datetime.now(dt.UTC) + expires if isinstance(expires, dt.timedelta) else expires
    return None if end is None else f"{end.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
