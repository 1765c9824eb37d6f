"""Names to positions, by MAST's resolver.

astroquery's own call goes to a hard-coded address without a timeout, through module-level functions that no adapter
reaches (mast-protocol §16.2); so this one service is asked directly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from topmast_service.errors import TargetNotResolved, UpstreamDown


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

    Raises
    ------
    TargetNotResolved
        No resolver knows it.
    UpstreamDown
        No answer, or one that is not JSON.
    """
    query = urlencode({"outputFormat": "json", "resolveAll": "False", "name": name})
    for entry in _ask(f"{url}/Santa-war/query?{query}", timeout):
        if entry.get("searchString", "").lower() == name.lower() and "ra" in entry and "decl" in entry:
            canonical = str(entry.get("canonicalName") or name)
            return Position(name, float(entry["ra"]), float(entry["decl"]), str(entry["resolver"]), canonical)
    raise TargetNotResolved(f"No resolver knows {name!r}.")


def _ask(address: str, timeout: float) -> list[dict[str, Any]]:
    try:
        with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
            answer = pool.request("GET", address)
        if answer.status != 200:
            raise UpstreamDown(f"The name resolver answered HTTP {answer.status}.")
        return list(json.loads(answer.data).get("resolvedCoordinate") or [])
    except (urllib3.exceptions.HTTPError, ValueError, AttributeError) as error:
        raise UpstreamDown(f"The name resolver does not answer ({type(error).__name__}).") from error
