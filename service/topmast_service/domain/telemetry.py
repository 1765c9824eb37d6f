"""Engineering telemetry as MAST names and writes it: ``mast:jwstedb/<MNEMONIC>-<start>-<end>.csv``.

Times in the name are UTC to the second. The body is CSV with CRLF: a header, then ``2022-02-02 22:24:57.797000,
59612.9340022801,-0.7914493680,real``, with one sample from before the interval and one from after it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from topmast_service.domain import dates

PREFIX = "mast:jwstedb/"
HEADER = "theTime,MJD,euvalue,sqldataType"

NUMERIC = frozenset(
    {"float", "real", "double", "int", "integer", "bigint", "smallint", "tinyint", "decimal", "numeric", "bit"}
)
"""SQL types (in small letters) whose values are numbers; everything else is text."""

_NAME = re.compile(rf"{PREFIX}([A-Za-z0-9_]+)-\d{{8}}T\d{{6}}-\d{{8}}T\d{{6}}\.csv")
_STAMP = "%Y%m%dT%H%M%S"
_SECOND = timedelta(seconds=1)


class NotASample(ValueError):
    """A line that is none of the archive's; the message says which line."""


@dataclass(frozen=True)
class Sample:
    """One value of one mnemonic; `value` as MAST wrote it."""

    time: datetime
    mjd: float
    value: str
    type: str


def uri(mnemonic: str, start: datetime, end: datetime) -> str:
    """The dataURI of an interval, which is widened to whole seconds: names know no finer ones."""
    begin = start.astimezone(UTC).replace(microsecond=0)
    until = end.astimezone(UTC)
    until = until.replace(microsecond=0) + (_SECOND if until.microsecond else timedelta(0))
    return f"{PREFIX}{mnemonic.upper()}-{begin.strftime(_STAMP)}-{until.strftime(_STAMP)}.csv"


def mnemonic_of(data_uri: str) -> str | None:
    """Whose samples a dataURI holds; None if it is no telemetry."""
    found = _NAME.fullmatch(data_uri)
    return found[1].upper() if found else None


def sample(line: str) -> Sample:
    """Read one line, without its end.

    Raises
    ------
    NotASample
        It is cut, or something else. (A value may hold commas.)
    """
    time, _, rest = line.partition(",")
    mjd, _, rest = rest.partition(",")
    value, comma, kind = rest.rpartition(",")
    try:
        if not comma or not kind:
            raise NotASample(line[:200])
        return Sample(datetime.fromisoformat(time).replace(tzinfo=UTC), float(mjd), value, kind)
    except ValueError:
        raise NotASample(line[:200]) from None


def number(found: Sample) -> float | None:
    """The value as a number; None where its type is text, or it is none after all (NaN, Infinity)."""
    if found.type.lower() not in NUMERIC:
        return None
    try:
        value = float(found.value)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def interval(asked: str | Mapping[str, str]) -> tuple[datetime, datetime]:
    """Begin and end (both included) of a criterion of time: a day, a moment, or ``{"min": …, "max": …}``.

    Read from the request and not from `Criterion`, whose MJD in a float is only good to a microsecond: a sample at the
    very begin would pass for one before it.
    """
    low, high = (asked, asked) if isinstance(asked, str) else (asked["min"], asked["max"])
    return _span(low)[0], _span(high)[1]


def _span(text: str) -> tuple[datetime, datetime]:
    start = dates.read(text)
    whole_day = ":" not in text
    return start, start + timedelta(days=1, microseconds=-1) if whole_day else start
