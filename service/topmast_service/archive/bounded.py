"""The whole body of an answer that should be short: one that drips, or never ends, is given up."""

from __future__ import annotations

import time
from typing import Any

import urllib3

_PIECE = 1 << 16


class TooLarge(Exception):
    """More bytes came than such an answer can have."""


class TooSlow(Exception):
    """The time is over, and bytes still come now and then: no timeout of a socket notices that."""


def body(response: urllib3.BaseHTTPResponse, *, until: float, most: int) -> bytes:
    """All bytes of `response`, at most `most`, read before the moment `until` (of `time.monotonic`).

    Raises
    ------
    TooLarge, TooSlow
        It is given up.
    """
    found = bytearray()
    while piece := response.read1(_PIECE):
        found += piece
        if len(found) > most:
            raise TooLarge
        if time.monotonic() > until:
            raise TooSlow
    return bytes(found)


def retry_after(headers: Any) -> float | None:
    """The seconds that a Retry-After asks for, if it says so in seconds."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None
