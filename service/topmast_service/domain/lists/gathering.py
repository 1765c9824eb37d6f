"""From what a reader finds in a list to the list as it was understood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from topmast_service.domain.lists import reasons
from topmast_service.domain.lists.pasted import LONGEST_TEXT, Entry, Form, Kind, Named, NotUnderstood, Pasted, Repeat

_PLAIN: dict[Form, Kind] = {"name": "names", "uri": "uris", "url": "urls", "observation": "observations"}

KEPT = 100
"""Entries that were not understood, and repeats, of which more than their number is told."""


def gather(kind: Kind | None, entries: Iterable[Entry]) -> Pasted:
    """All that the entries name; a list without a `kind` of its own gets it from what it holds."""
    gathering = _Gathering()
    for entry in entries:
        gathering.add(entry)
    return gathering.pasted(kind)


class _Gathering:
    """The entries so far."""

    def __init__(self) -> None:
        self._files: dict[str, Named] = {}
        self._observations: dict[str, int] = {}
        self._forms: set[Form] = set()
        self._repeats: list[Repeat] = []
        self._missed: list[Entry] = []
        self._repeated = self._unread = 0

    def add(self, entry: Entry) -> None:
        """Take in one entry."""
        if entry.meant is None:
            self._unread += 1
            self._missed += [entry] if self._unread <= KEPT else []
            return
        self._forms.add(entry.meant.form)
        first = self._observation(entry) if entry.meant.form == "observation" else self._file(entry)
        if first:
            self._repeated += 1
            self._repeats += [Repeat(entry.line, entry.meant.name, first)] if self._repeated <= KEPT else []

    def pasted(self, kind: Kind | None) -> Pasted:
        """The whole list."""
        return Pasted(
            kind or (_PLAIN[next(iter(self._forms))] if len(self._forms) == 1 else "mixed"),
            tuple(self._files.values()),
            tuple(self._observations),
            tuple(self._repeats),
            self._repeated,
            tuple(NotUnderstood(e.line, e.text[:LONGEST_TEXT], *reasons.why_not(e.text)) for e in self._missed),
            self._unread,
        )

    def _observation(self, entry: Entry) -> int | None:
        """Take in an observation; the line of the same one before, if there is."""
        name = entry.meant.name if entry.meant else ""
        first = self._observations.get(name)
        self._observations.setdefault(name, entry.line)
        return first

    def _file(self, entry: Entry) -> int | None:
        uri = entry.meant.name if entry.meant else ""
        events = (entry.event_type,) if entry.event_type else ()
        before = self._files.get(uri)
        if before is None:
            self._files[uri] = Named(uri, entry.line, events, entry.fileset)
            return None
        if {*events} - {*before.event_types}:
            self._files[uri] = replace(before, event_types=(*before.event_types, *events))
        return before.line
