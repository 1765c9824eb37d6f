"""Names of targets, spelled any way, to coordinates."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from topmast_sandbox.catalogue import facts


def resolve(name: str) -> dict[str, Any] | None:
    """A resolver entry for a name (``ra``, ``decl`` in degrees, ICRS); None when it is no known target.

    Case, blanks, hyphens and underscores do not matter: ``m57``, ``M 57`` and ``Messier 57`` are one.
    """
    found = _known().get(_key(name))
    return dict(found) if found else None


def _key(name: str) -> str:
    plain = re.sub(r"[\s\-_]+", "", name.strip().lower())
    return re.sub(r"^messier(?=\d)", "m", plain)


@cache
def _known() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for target in facts.targets():
        if target.ra is None or target.dec is None or not target.spellings:
            continue
        entry = _entry(target)
        for spelling in (target.name, *target.spellings):
            found.setdefault(_key(spelling), entry)
    return found


def _entry(target: facts.Target) -> dict[str, Any]:
    return {
        "resolver": "SIMBAD",
        "canonicalName": target.spellings[0],
        "ra": target.ra,
        "decl": target.dec,
        "objectType": target.kind or None,
        "radius": -1.0,
    }
