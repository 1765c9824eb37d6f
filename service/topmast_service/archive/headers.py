"""What the headers of a file's answer say: how long it is, whether it is still the same, when to come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

# RFC 9110 §8.8.2.2 takes a Last-Modified for strong when Date is later; RFC 7232 asked for a minute, and so do we.
_SETTLED = timedelta(seconds=60)


@dataclass(frozen=True)
class Head:
    """What the headers of an answer say.

    `total` is the length of the whole file in bytes; `validator` the strong one, fit for If-Range (an ETag, else a
    Last-Modified that had settled); `framed` is False when only the end of the connection marks the end of the body.
    """

    status: int
    total: int | None
    etag: str | None
    last_modified: str | None
    validator: str | None
    media_type: str
    framed: bool


def read_head(status: int, headers: Mapping[str, str]) -> Head:
    """The headers of an answer with this status."""
    etag, modified = headers.get("ETag"), headers.get("Last-Modified")
    length = length_of(headers)
    return Head(
        status=status,
        total=length if status == HTTPStatus.OK else None,
        etag=etag,
        last_modified=modified,
        validator=_strong(etag, modified, headers.get("Date")),
        media_type=headers.get("Content-Type", "").split(";")[0].strip().lower(),
        framed=length is not None or "chunked" in headers.get("Transfer-Encoding", "").lower(),
    )


def length_of(headers: Mapping[str, str]) -> int | None:
    """Bytes of the body, if they say so."""
    # With chunks the length does not count (RFC 9112 §6.3).
    value = "" if "Transfer-Encoding" in headers else headers.get("Content-Length", "").strip()
    return int(value) if value.isascii() and value.isdigit() else None


def _strong(etag: str | None, modified: str | None, date: str | None) -> str | None:
    if etag and etag.startswith('"'):
        return etag
    changed, now = _date(modified), _date(date)
    return modified if changed and now and now - changed >= _SETTLED else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds after which the server wants to be asked again, if it says so: as such, or as a date."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    when = _date(value)
    return max(0.0, (when - datetime.now(UTC)).total_seconds()) if when else None


def _date(value: str | None) -> datetime | None:
    try:
        when = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    return when if when is None or when.tzinfo else when.replace(tzinfo=UTC)
