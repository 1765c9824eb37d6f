"""When to try again, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ._api_errors import ApiError, NotReady
from ._errors import BadAnswer, TopmastError, TransportError


@dataclass(frozen=True)
class RetryPolicy:
    """What is tried again, how often and how far apart.

    Pauses have full jitter: a random part of ``base * 2**n`` seconds, at most `cap`, so that many clients do not
    come back at the same moment. A Retry-After of the service is honoured up to `retry_after_cap`; a longer one
    is raised with the error, whose ``retry_after`` tells it.

    Parameters
    ----------
    attempts
        Tries of one request, the first included.
    base, cap
        Seconds.
    retry_after_cap
        Seconds.
    total
        Seconds that one call may take with all its tries and pauses. Waiting for a job has its own limit.
    statuses
        Answers worth another try. 500 is not: the service said that it is broken, not that it is busy.
    """

    attempts: int = 4
    base: float = 0.5
    cap: float = 20.0
    retry_after_cap: float = 60.0
    total: float = 180.0
    statuses: frozenset[int] = frozenset({429, 502, 503, 504})

    def transient(self, error: TopmastError) -> bool:
        """Whether the same request may go better the next time.

        A POST counts too: each carries an Idempotency-Key, so that a repeat finds what the first one made.
        """
        if isinstance(error, TransportError):
            return not isinstance(error, BadAnswer)
        if isinstance(error, NotReady):
            return error.retry_after is not None
        return isinstance(error, ApiError) and error.status in self.statuses

    def backoff(self, attempt: int, fraction: float) -> float:
        """Seconds to pause after try number `attempt` (from 1); `fraction` in [0, 1) is the jitter."""
        return fraction * min(self.cap, self.base * 2.0 ** min(attempt - 1, 60))

    def pause(self, error: TopmastError, attempt: int, fraction: float) -> float | None:
        """Seconds to pause before the next try; None when there is none."""
        if attempt >= self.attempts or not self.transient(error):
            return None
        asked = error.retry_after if isinstance(error, ApiError) else None
        if asked is None:
            return self.backoff(attempt, fraction)
        return None if asked > self.retry_after_cap else max(asked, self.backoff(attempt, fraction))
