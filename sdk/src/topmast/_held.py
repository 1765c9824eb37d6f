"""A job that waits for its user, and what they are to type: the same words wherever it is shown."""

from __future__ import annotations

HOW_TO_STORE = (
    'Make a token at https://auth.mast.stsci.edu/tokens and type client.set_mast_token("…"), '
    "or `topmast token set` in a terminal."
)

NEEDS_TOKEN = "needs_token"  # noqa: S105 - a phase_reason


def waits_for_user(phase: str, reason: str) -> bool:
    """Whether nothing happens until its user does something: not what they paused themselves."""
    return phase == "HELD" and reason != "user"


def activity(phase: str, step: str, reason: str) -> str:
    """What goes on, for a bar."""
    if phase == "HELD" and reason == NEEDS_TOKEN:
        return "HELD: a MAST token is needed"
    return " ".join(part for part in (phase, step) if part)


def remedy(phase: str, reason: str) -> str:
    """What lets it go on; empty where it does so by itself, or where only the service can say."""
    if phase != "HELD" or reason != NEEDS_TOKEN:
        return ""
    return f"{HOW_TO_STORE} It goes on by itself then; .run() lets a bundle go on without."
