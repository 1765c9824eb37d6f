"""What was understood of a pasted list, and what was not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from topmast_service.domain import product
from topmast_service.domain.lists import reasons

Kind = Literal[
    "names", "uris", "urls", "observations", "mixed", "script", "manifest_html", "manifest_csv", "manifest_json",
    "subscription",
]  # fmt: skip
"""What a list looked like. A plain list is called by what it holds, and `mixed` if that is more than one thing."""

Form = Literal["name", "uri", "url", "observation"]

_PLAIN: dict[Form, Kind] = {"name": "names", "uri": "uris", "url": "urls", "observation": "observations"}

KEPT = 100
"""Entries that were not understood, and repeats, of which more than their number is told."""

LONGEST_TEXT = 200


class Meant(NamedTuple):
    """What one reference stands for: a file by its dataURI, or an observation by its obs_id or obsid."""

    form: Form
    name: str


class Entry(NamedTuple):
    """One thing that a list names, where it does so, and as it stood; `meant` is None if it was not understood."""

    line: int
    text: str
    meant: Meant | None
    event_type: str = ""
    fileset: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """One file of a list.

    Attributes
    ----------
    uri
        Its dataURI, the mission written as MAST writes it.
    line
        Where it stood first, from 1.
    event_types
        Of a subscription: New, First, Reprocessed, Public. A file may be new and public at once.
    fileset
        Of a subscription: the file set, MAST's Dataset ID.
    """

    uri: str
    line: int
    event_types: tuple[str, ...] = ()
    fileset: str = ""

    @property
    def filename(self) -> str:
        """The last part of the dataURI."""
        return product.filename(self.uri)


class Repeat(NamedTuple):
    """A file or observation that was named again; `first` is the line where it stood before."""

    line: int
    name: str
    first: int


class NotUnderstood(NamedTuple):
    """What could not be read, why, and what may have been meant."""

    line: int
    text: str
    reason: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pasted:
    """A list as it was understood: each file and observation once, in the list's order.

    Attributes
    ----------
    duplicates, not_understood
        The first `KEPT`; `repeated` and `unread` are how many there were.
    """

    kind: Kind
    files: tuple[Named, ...] = ()
    observations: tuple[str, ...] = ()
    duplicates: tuple[Repeat, ...] = ()
    repeated: int = 0
    not_understood: tuple[NotUnderstood, ...] = ()
    unread: int = 0

    @property
    def uris(self) -> tuple[str, ...]:
        """The dataURIs of the files."""
        return tuple(file.uri for file in self.files)


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
