"""The sandbox's clock: starts at the real time, and can be set.

Release dates, token expiry and retention would rot in tests that use the wall clock, so whatever in the
sandbox asks for the time asks this object.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)


def mjd(when: datetime) -> float:
    """Modified Julian Date (days, UTC) of an aware time, as in MAST's ``t_min`` and ``t_obs_release``."""
    return (when - _MJD_ZERO) / timedelta(days=1)


def from_mjd(days: float) -> datetime:
    """Aware UTC time of a Modified Julian Date, to the microsecond."""
    return _MJD_ZERO + timedelta(days=days)


class Clock:
    """A clock that runs at the real pace from wherever it was set.

    Examples
    --------
    >>> clock = Clock()
    >>> clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    >>> clock.now().year
    2030
    """

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Sandbox time, aware UTC."""
        return datetime.now(UTC) + self._ahead

    def mjd(self) -> float:
        """Sandbox time as a Modified Julian Date, days."""
        return mjd(self.now())

    def set(self, when: datetime) -> None:
        """Set the time; it runs on from there.

        Raises
        ------
        ValueError
            `when` has no time zone: a naive time would silently be taken for local time.
        """
        if when.tzinfo is None:
            raise ValueError("the sandbox clock needs a time with a zone")
        self._ahead = when - datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Move the time on (or, with a negative number, back) by seconds."""
        self._ahead += timedelta(seconds=seconds)
