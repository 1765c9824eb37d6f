"""Moments as MAST writes them, as astronomers do, and as we do: ``/Date(ms)/``, MJD, RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PORTAL = re.compile(r"/Date\((-?\d+)\)/")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def from_mjd(days: float) -> datetime:
    """Modified Julian Date to UTC."""
    return MJD_EPOCH + timedelta(days=days)


def to_mjd(moment: datetime) -> float:
    """UTC to Modified Julian Date, days."""
    return (moment - MJD_EPOCH) / timedelta(days=1)


def read(text: str) -> datetime:
    """A moment as users write it (ISO 8601; UTC unless it says otherwise), e.g. ``2022-07-11`` or ``…T12:00:00Z``.

    Raises
    ------
    ValueError
        It is no date, in words for the user.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no date: write 2022-07-11 or 2022-07-11T12:00:00Z") from None


def span(text: str) -> tuple[float, float]:
    """First and last MJD that a date means: a day without a time is the whole day."""
    start = to_mjd(read(text))
    return (start, start + 1 - 1e-9) if _DAY.fullmatch(text.strip()) else (start, start)


def cell(value: Any) -> str | None:
    """A date cell of a row as RFC 3339: from the Portal's ``/Date(ms)/``, or ISO without a zone (UTC)."""
    if not isinstance(value, str) or not value:
        return None
    if found := _PORTAL.fullmatch(value):
        return written(UNIX_EPOCH + timedelta(milliseconds=int(found[1])))
    return written(read(value[:26] if value[-1:].isdigit() else value))


def written(moment: datetime) -> str:
    """RFC 3339 with ``Z``, to the microsecond where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
