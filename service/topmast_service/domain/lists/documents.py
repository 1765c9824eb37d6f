"""JSON: a subscription's events, our ``manifest.json``, products of any of MAST's interfaces, plain arrays.

The attachment of a MAST subscription e-mail is an array of events, each with event_id, mission, fileset, filename,
program, event_type, archived_date and public_release_date (MAST Notebooks, "Downloading Subscription Products"); one
file may have several, since what is new may be public at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from topmast_service.domain.lists import references
from topmast_service.domain.lists.pasted import LONGEST_TEXT, Entry, Kind, Meant

_NAMES = ("dataURI", "uri", "URI", "productFilename", "filename", "fileName", "url", "URL")
"""Members that name a file, best first."""

_MISSIONS = {"JWST": references.JWST, "HST": references.HST}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{3,199}")

MOST_BRACKETS = 400_000
"""More than a list of 8 MB can have; each may become an object of hundreds of bytes."""


@dataclass
class Document:
    """What a JSON text names, in its order: `named` are its objects that name files, else `texts` its strings."""

    named: list[Mapping[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    kind: Kind | None = None


def read(text: str) -> Document | None:
    """The document in a text, which may have words around it; None if there is none."""
    for candidate in _candidates(text):
        found = Document()
        try:
            whole = json.loads(candidate, object_hook=partial(_take, found))
        except (ValueError, RecursionError):
            continue
        if not found.named:
            found.texts = list(_texts(whole))
        if found.named or found.texts:
            return found
    return None


def entries(text: str, document: Document) -> Iterator[Entry]:
    """What the document names; lines are those where its values stand in the text."""
    places = _Places(text)
    for members in document.named:
        yield from _of_object(members, places)
    for value in document.texts:
        line = places.line_of(value)
        yield from [Entry(line, value[:LONGEST_TEXT], m) for m in references.read(value)] or [
            Entry(line, value[:LONGEST_TEXT], None)
        ]


def _candidates(text: str) -> Iterator[str]:
    if not text.isspace() and text.count("[") + text.count("{") <= MOST_BRACKETS:
        if text.lstrip()[:1] in {"[", "{"}:
            yield text
        if start := re.search(r"^[ \t]{0,40}[\[{]", text, re.MULTILINE):
            yield text[start.end() - 1 : max(text.rfind("]"), text.rfind("}")) + 1]


def _take(into: Document, members: dict[str, Any]) -> Any:
    """Keep an object that names a file; of others only what may hold strings, so that memory stays small."""
    if "event_type" in members:
        into.kind = "subscription"
    if "files" in members and "totals" in members:
        into.kind = "manifest_json"
    if any(isinstance(members.get(name), str) for name in _NAMES):
        wanted = (*_NAMES, "event_type", "fileset", "mission")
        into.named.append({name: members[name] for name in wanted if isinstance(members.get(name), str)})
        return None
    return [value for value in members.values() if isinstance(value, list)]


def _texts(whole: Any) -> Iterator[str]:
    """The strings in the document's arrays, without recursion: it may be deep."""
    waiting = [whole]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting += reversed(value)


def _of_object(members: Mapping[str, str], places: _Places) -> Iterator[Entry]:
    given = [members[name] for name in _NAMES if name in members]
    every = references.first(given) or _by_mission(members)
    line, told = places.line_of(given[0]), (members.get("event_type", ""), members.get("fileset", ""))
    for meant in every or (None,):
        yield Entry(line, given[0][:LONGEST_TEXT], meant, *told)


def _by_mission(members: Mapping[str, str]) -> Sequence[Meant]:
    """A file whose name follows no rule that we know: MAST itself says of which mission it is."""
    name, prefix = members.get("filename", ""), _MISSIONS.get(members.get("mission", "").upper())
    return [Meant("name", prefix + name)] if prefix and _PLAIN_NAME.fullmatch(name) else []


class _Places:
    """Finds in which line values stand that come in the order of the text."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def line_of(self, value: str) -> int:
        """The line of the next place of a value; the last one known if the text has it written otherwise."""
        found = self._text.find(f'"{value}"', self._at) if self._text else -1
        if found < 0:
            self._text = ""  # what is missing is not sought again and again to the end of a long text
            return self._line
        self._line += self._text.count("\n", self._at, found)
        self._at = found + len(value)
        return self._line
