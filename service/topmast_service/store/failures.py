"""Failed sign-ins, shared by HTTP and FTPS: who guesses keys is locked out, for longer each time.

Different wrong keys are counted, not tries: a forgotten cron job with one old key never locks its institute out, and
a guesser never tries a key twice. A locked-out address costs one look; nothing more is counted or logged of it.

Keys, all of which end: ``failed:<source>`` the wrong keys of the last minutes (16 bits of their hashes: nobody could
find out what was typed), ``failed:name:<user>`` the same by the name that FTPS was told, ``locked:<source>`` while an
address is locked out, ``lockouts:<source>`` how often it was today.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

from topmast_service.domain.client_address import source_of
from topmast_service.errors import LockedOut
from topmast_service.store.connection import PREFIX, Client

log = logging.getLogger(__name__)

WITHIN = 600
"""Seconds from the first wrong key in which others count with it."""

FIRST, LONGEST = 60, 3600
"""Seconds of the first lock-out; each more within `REMEMBERED` is twice as long, up to the longest."""

REMEMBERED = 24 * 3600
WHILE_GUESSED_AT = 3
"""Wrong keys that an address may try for a name at which others guess: many addresses together are no way around."""

_FAILED = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local function note(key, most)
  local known = redis.call('SCARD', key)
  if known < most and redis.call('SADD', key, ARGV[1]) == 1 and known == 0 then redis.call('EXPIRE', key, ARGV[3]) end
  return redis.call('SCARD', key)
end
local most = tonumber(ARGV[2])
local here = note(KEYS[1], most)
if ARGV[8] == '1' and note(KEYS[4], most) >= most then most = math.min(most, tonumber(ARGV[7])) end
if here < most then return 0 end
redis.call('DEL', KEYS[1])
local before = redis.call('INCR', KEYS[3]) - 1
redis.call('EXPIRE', KEYS[3], ARGV[6])
local seconds = math.min(tonumber(ARGV[4]) * 2 ^ math.min(before, 20), tonumber(ARGV[5]))
redis.call('SET', KEYS[2], 1, 'EX', seconds)
return seconds
"""


@dataclass(frozen=True)
class Failures:
    """Whoever has tried `most` wrong keys waits; 0: nobody does."""

    redis: Client
    most: int

    def check(self, address: str) -> None:
        """Asked before a key is looked up.

        Raises
        ------
        LockedOut
            With the seconds that are left.
        """
        if self.most and (left := int(self.redis.ttl(_key("locked", source_of(address))))) > 0:
            raise LockedOut(f"Too many wrong keys came from this address; wait {left} s.", retry_after=left)

    def note(self, address: str, key: str, name: str = "") -> None:
        """A wrong key came from `address`, perhaps with the name of a user."""
        if not self.most:
            return
        source = source_of(address)
        keys = [_key(family, source) for family in ("failed", "locked", "lockouts")] + [_key("failed:name", name)]
        digest = hashlib.sha256(key.encode(errors="replace")).hexdigest()[:4]
        given = [digest, self.most, WITHIN, FIRST, LONGEST, REMEMBERED, WHILE_GUESSED_AT, int(bool(name))]
        seconds = int(self.redis.eval(_FAILED, len(keys), *keys, *given))
        if seconds:
            log.warning("locked out for %d s after too many wrong keys: %s", seconds, source)


def _key(family: str, who: str) -> str:
    return f"{PREFIX}{family}:{who}"
