"""A user's MAST token: stored once MAST has said whose it is, and lent to what works for that user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from topmast_service.domain.token import Token
from topmast_service.errors import NeedsMastToken
from topmast_service.store.tokens import Tokens

if TYPE_CHECKING:
    from topmast_service.archive.tokens import Who  # loads urllib3, which an API process needs for nothing else


@contextmanager
def lent(tokens: Tokens, user: str) -> Iterator[Token]:
    """The token of `user` for one request to MAST; one that MAST does not accept then is not lent again.

    Raises
    ------
    NeedsMastToken
        There is none that works.
    """
    token = tokens.get(user)
    try:
        yield token
    except NeedsMastToken:
        tokens.refuse(user, token)
        raise


@dataclass(frozen=True)
class MastTokens:
    """What a user may do with their own token: store, look at what may be shown, forget."""

    tokens: Tokens
    whoami: Callable[[Token], Who]

    def put(self, user: str, secret: str) -> None:
        """Ask MAST whose token this is, and keep it.

        Raises
        ------
        BadMastToken
            MAST does not know it, or it lacks the scope for exclusive access.
        UpstreamDown
            MAST cannot be asked: nothing is changed.
        UnsafeForTokens
            It could not be sent or kept safely.
        """
        token = Token(secret)
        who = self.whoami(token)
        self.tokens.put(user, token, who.name, who.scopes)

    def told(self, user: str) -> dict[str, Any]:
        """What may be shown: never the token.

        Returns
        -------
        dict
            `stored`, `accepted` (as far as we know), `name`, `scopes`, `since`, `used`, `idle_end` (if it is not used
            before), `end` (at the latest: when it was made, MAST does not say), `refused` (when MAST did not accept it)
            and `told` (of what its user was told by mail, and when); None where nothing is stored.
        """
        facts = self.tokens.facts(user)
        if facts is None:
            nothing = ("name", "scopes", "since", "used", "idle_end", "end", "refused", "told")
            return {"stored": False, "accepted": False, **dict.fromkeys(nothing)}
        return {
            "stored": True,
            "accepted": facts.refused is None,
            "name": facts.name,
            "scopes": list(facts.scopes),
            "since": facts.since,
            "used": facts.used,
            "idle_end": facts.idle_end,
            "end": facts.end,
            "refused": facts.refused,
            "told": [{"notice": notice, "at": when} for notice, when in facts.told.items()],
        }

    def forget(self, user: str) -> None:
        """Remove it here; at MAST it lives on until it is revoked there."""
        self.tokens.forget(user)
