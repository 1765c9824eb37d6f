"""Requests per minute, counted where all API processes see it.

A script of ours, not Flask-Limiter or its `limits` (five more packages): one call decides, counts and tells what is
left, by Redis' clock and over the connection that the process has. `limits` opens connections of its own and tells
what is left in a second call; Flask-Limiter adds an extension with state, and other headers than the draft's.

Keys: ``rate:<policy>:<who>``, when the allowance is whole again; it ends then. ``quota:<user>`` may have another limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from topmast_service.store.connection import PREFIX, Client

WINDOW = 60
"""Seconds."""

_TAKE = """
local own = tonumber(redis.call('HGET', KEYS[2], 'requests_per_minute') or ARGV[1])
local quota, window = own * tonumber(ARGV[2]), tonumber(ARGV[3])
if quota == 0 then return {0, 1, '0', '0'} end
local t = redis.call('TIME')
local now, step = tonumber(t[1]) + tonumber(t[2]) / 1e6, window / quota
local whole = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + step
local over = whole - now - window
if over > 1e-4 then return {quota, 0, tostring(window - over), tostring(over)} end
redis.call('SET', KEYS[1], string.format('%.6f', whole), 'PX', math.ceil((whole - now) * 1000))
return {quota, 1, tostring(whole - now), '0'}
"""
# An allowance that fills up steadily (GCRA), not one that jumps at full minutes: who is over it is slowed down to its
# rate, instead of being shut out for up to a minute.


@dataclass(frozen=True)
class Allowance:
    """What is left for one who asks, after this request.

    Attributes
    ----------
    policy
        Its name.
    quota
        Requests per `WINDOW`; 0: any.
    taken
        Seconds after which it is whole again.
    wait
        Seconds until this request would have been granted; 0 if it was.
    """

    policy: str
    quota: int
    granted: bool
    taken: float
    wait: float

    @property
    def left(self) -> int:
        """Requests that would be granted at once."""
        return max(0, int((WINDOW - self.taken) * self.quota / WINDOW + 1e-3)) if self.granted else 0

    @property
    def used(self) -> int:
        """Requests that count now."""
        return self.quota - self.left

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers writes them: structured fields (RFC 9651)."""
        if not self.quota:
            return {}
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={WINDOW}',
            "RateLimit": f'"{self.policy}";r={self.left};t={ceil(self.taken)}',
        }


class RequestRates:
    """One allowance per user, or per address where nobody has signed in."""

    def __init__(self, redis: Client, per_minute: int) -> None:
        self._script = redis.register_script(_TAKE)
        self._per_minute = per_minute

    def of_user(self, name: str, policy: str, times: int = 1) -> Allowance:
        """Count a request of a user; the quota is theirs, `times` as many."""
        return self._take(f"user:{name}", f"{PREFIX}quota:{name}", policy, times)

    def of_address(self, source: str, policy: str, times: int = 1) -> Allowance:
        """Count a request from an address (`domain.client_address`)."""
        return self._take(f"from:{source}", f"{PREFIX}quota:", policy, times)

    def _take(self, who: str, own: str, policy: str, times: int) -> Allowance:
        keys = [f"{PREFIX}rate:{policy}:{who}", own]
        quota, granted, taken, wait = self._script(keys=keys, args=[self._per_minute, times, WINDOW])
        return Allowance(policy, int(quota), bool(granted), max(0.0, float(taken)), float(wait))
