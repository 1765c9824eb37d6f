"""Lists of observation ids that users paste: which of them found nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from topmast_service.workflows.search.asking import Asking

IDS = ("obs_id", "obsid")
NAMED = 20
"""Ids that a note names."""


def told(asking: Asking, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The same rows; once the last is read, a note tells which ids of a list are not among them."""
    lists = {c.column.name: c.exact for c in asking.search.criteria if c.column.name in IDS and c.asked_of_mast}
    left = {name: {text.lower(): text for text in texts} for name, texts in lists.items() if len(texts) > 1}
    for row in rows:
        for name, wanted in left.items():
            wanted.pop(str(row.get(name)).lower(), None)
        yield row
    more = len(asking.search.criteria) > 1 or asking.search.target is not None
    for name, wanted in left.items():
        if wanted:
            named = ", ".join([*wanted.values()][:NAMED]) + (" …" if len(wanted) > NAMED else "")
            why = " or do not fit the rest of the search" if more else ""
            asking.notes.append(
                f"{len(wanted):,} of {len(set(lists[name])):,} {name} are unknown to MAST{why}: {named}."
            )
