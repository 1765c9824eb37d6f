"""Names to positions, by MAST's resolver.

astroquery's own call goes to a hard-coded address without a timeout, through module-level functions that no adapter
reaches (mast-protocol §16.2); so this one service is asked directly.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from topmast_service.archive.bounded import TooLarge, TooSlow, body, retry_after
from topmast_service.errors import TargetNotResolved, UpstreamDown

LONGEST_ANSWER = 1 << 20
"""Bytes; an answer to one name has some hundred."""


@dataclass(frozen=True)
class Position:
    """Where a name is: degrees, ICRS; `resolver` says who knew."""

    name: str
    ra: float
    dec: float
    resolver: str
    canonical: str


def resolve(url: str, name: str, *, timeout: float = 30.0) -> Position:
    """Ask the resolver for one name; the first entry that has a position wins.

    Parameters
    ----------
    timeout
        Seconds that the whole answer may take, and that nothing may come.

    Raises
    ------
    TargetNotResolved
        No resolver knows it.
    UpstreamDown
        No answer, or one that is not the resolver's.
    """
    query = urlencode({"outputFormat": "json", "resolveAll": "False", "name": name})
    for entry in _asked(f"{url}/Santa-war/query?{query}", timeout):
        if str(entry.get("searchString", "")).lower() == name.lower() and (at := _position(entry)):
            canonical = str(entry.get("canonicalName") or name)
            return Position(name, *at, str(entry.get("resolver") or "unknown"), canonical)
    raise TargetNotResolved(f"No resolver knows {name!r}.")


def _position(entry: dict[str, Any]) -> tuple[float, float] | None:
    try:
        ra, dec = float(entry["ra"]), float(entry["decl"])
    except (KeyError, TypeError, ValueError):
        return None
    return (ra % 360, dec) if math.isfinite(ra) and -90 <= dec <= 90 else None


def _asked(address: str, timeout: float) -> list[dict[str, Any]]:
    try:
        answer = json.loads(_body(address, timeout))
        if "resolvedCoordinate" not in answer and "status" not in answer:
            raise UpstreamDown("The name resolver answered something else.")
        return [entry for entry in answer.get("resolvedCoordinate") or [] if isinstance(entry, dict)]
    except (urllib3.exceptions.HTTPError, ValueError, TypeError, AttributeError) as error:
        raise UpstreamDown(f"The name resolver does not answer ({type(error).__name__}).") from error


def _body(address: str, timeout: float) -> bytes:
    """The whole answer; one that drips, or never ends, is given up."""
    until = time.monotonic() + timeout
    with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
        answer = pool.request("GET", address, preload_content=False)
        try:
            if answer.status != 200:
                raise UpstreamDown(
                    f"The name resolver answered HTTP {answer.status}.", retry_after=retry_after(answer.headers)
                )
            return body(answer, until=until, most=LONGEST_ANSWER)
        except (TooLarge, TooSlow):
            raise UpstreamDown("The name resolver's answer does not end.") from None
        finally:
            answer.close()
