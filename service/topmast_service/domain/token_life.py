"""How a user's MAST token ages: when MAST ends it, when it wants using, what its user is to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

IDLE, TOTAL = timedelta(days=10), timedelta(days=60)
"""MAST ends a token that was not used for so long, and any token this long after it was made (auth.mast.stsci.edu)."""

UNUSED = timedelta(days=7)
"""A token unused for so long is shown to MAST, which counts as use: three days to do so, should MAST be away."""

REFUSED, ENDING, ENDING_SOON = "refused", "ending", "ending_soon"
"""What a user is told of a token, each once: MAST does not accept it any more; its end is near; is very near."""

LEADS = {ENDING: timedelta(days=7), ENDING_SOON: timedelta(days=1)}
"""How long before a token's end its user is warned."""


@dataclass(frozen=True)
class TokenFacts:
    """What may be shown of a stored token: never the token.

    Attributes
    ----------
    name : str
        The user as MAST calls them.
    refused : datetime, optional
        When MAST last did not accept it; None while it does.
    told : dict of str to datetime
        What its user was told of it, and when.
    serial : str
        Which storing of a token this is; says nothing of the token.
    """

    name: str
    scopes: tuple[str, ...]
    since: datetime
    used: datetime
    refused: datetime | None
    told: dict[str, datetime]
    serial: str

    @property
    def idle_end(self) -> datetime:
        """When MAST ends it unless it is used before."""
        return self.used + IDLE

    @property
    def end(self) -> datetime:
        """When MAST ends it at the latest: it may have been made before it was stored here."""
        return self.since + TOTAL


def wants_showing(facts: TokenFacts, now: datetime) -> bool:
    """Whether MAST is to be asked about it: it idles towards its end, or should have ended."""
    return facts.refused is None and (now - facts.used >= UNUSED or now >= facts.end)


def owed(facts: TokenFacts, now: datetime) -> str | None:
    """What its user is to be told now; None when there is nothing new to tell."""
    if facts.refused is not None:
        return None if REFUSED in facts.told else REFUSED
    left = facts.end - now
    if left <= timedelta(0):
        return None  # MAST is asked, and then it is told as refused
    if left <= LEADS[ENDING_SOON]:
        return None if ENDING_SOON in facts.told else ENDING_SOON
    return ENDING if left <= LEADS[ENDING] and ENDING not in facts.told else None


def moment_of(facts: TokenFacts, notice: str) -> datetime:
    """When a notice fell due: the same however late, or often, its message is written."""
    return facts.refused or facts.since if notice == REFUSED else facts.end - LEADS[notice]
