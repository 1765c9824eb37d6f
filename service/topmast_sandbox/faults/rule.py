"""A rule: where, when, what."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b

from topmast_sandbox.faults.kinds import Kind
from topmast_sandbox.faults.visit import Visit

_SPAN = 1 << 32


@dataclass(frozen=True)
class Where:
    """Which requests a rule is about; patterns are the shell's (``*``, ``?``, ``[…]``).

    Attributes
    ----------
    uri
        Pattern of dataURIs; None is about no file in particular.
    service
        Pattern of service names, of any letter case; None: every service.
    method
        ``GET``, ``HEAD`` or ``POST``; None: any.
    ranged
        Only requests with a Range (True) or without one (False).
    """

    uri: str | None = None
    service: str | None = None
    method: str | None = None
    ranged: bool | None = None

    def holds(self, visit: Visit) -> bool:
        """Return whether the request is one of them."""
        if self.uri is not None and not (visit.uri and fnmatchcase(visit.uri, self.uri)):
            return False
        if self.service is not None and not fnmatchcase(visit.service.lower(), self.service.lower()):
            return False
        return self.method in (None, visit.method) and self.ranged in (None, visit.ranged)


@dataclass(frozen=True)
class When:
    """Which of these requests, counted from 1 since the rule was made. All that is said must hold.

    Attributes
    ----------
    counted
        ``each``: every file, or every portal query, has a count of its own; ``all``: one count for all of them.
    nth
        These requests; empty: any.
    first, after
        The first `first` requests (0: all), but not the first `after`.
    share, seed
        A share of them, drawn from the seed, the file (or query) and its count: the same whatever else goes on.
    limit
        At most so often in all (0: without limit).
    """

    counted: str = "each"
    nth: tuple[int, ...] = ()
    first: int = 0
    after: int = 0
    share: float = 1.0
    seed: int = 0
    limit: int = 0

    def holds(self, count: int, own: int, question: str) -> bool:
        """Return whether it is the time: `count` as `counted` says, `own` the count of this question alone."""
        if self.nth and count not in self.nth:
            return False
        if count <= self.after or (self.first and count > self.first):
            return False
        return self.share >= 1 or _drawn(self.seed, question, own) < self.share


@dataclass(frozen=True)
class Rule:
    """One fault on its way to happen."""

    id: str
    where: Where
    when: When
    what: Kind


def _drawn(seed: int, question: str, count: int) -> float:
    digest = blake2b(f"{seed}|{question}|{count}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / _SPAN
