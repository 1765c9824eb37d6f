"""Plain lists: names, dataURIs, addresses or observations, one or several on a line, among whatever words.

Also lists of addresses for wget and aria2, whose indented options are no entries, and ``sha256sums.txt``.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator

from topmast_service.domain.lists import reasons, references
from topmast_service.domain.lists.pasted import LONGEST_TEXT, Entry, Meant

_TOKEN = re.compile(r"""[^\s,;'"`<>|()\[\]{}]+""")
_COMMENT = re.compile(r"(?:^|\s)#")
_OPTION = re.compile(r"[ \t]{1,20}[a-z][a-z0-9-]{1,40}=")
"""``  out=JWST/…`` below an address, as aria2 wants it."""

_OBSID = re.compile(r"\d{6,10}")
_HINT = re.compile(r"[_:./\\-]|[a-z]\w{8}$", re.IGNORECASE)
"""Every name has one of these signs, or nine letters as Hubble's; most words of a text have neither."""

Read = list[tuple[str, tuple[Meant, ...]]]


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, from 1, whatever ends them."""
    return enumerate(io.StringIO(text, newline=None), 1)


def entries(text: str) -> Iterator[Entry]:
    """What each line names; a line that names nothing is one entry, not understood."""
    below_address = False
    for number, line in numbered(text):
        if below_address and _OPTION.match(line):
            continue
        said = line[: comment.start()] if (comment := _COMMENT.search(line)) else line
        if not said.strip():
            continue
        found = _of_line(number, said) or [Entry(number, said.strip()[:LONGEST_TEXT], None)]
        below_address = any(e.meant is not None and e.meant.form == "url" for e in found)
        yield from found


def _of_line(number: int, line: str) -> list[Entry]:
    """The entries of a line: a path beside its dataURI is the same file, an obs_id beside its files is their folder."""
    if obsids := _obsids(line):
        return [Entry(number, obsid, Meant("observation", obsid)) for obsid in obsids]
    tokens = (match[0].rstrip(".:").lstrip("-*•=@") for match in _TOKEN.finditer(line))
    read: Read = [(token, references.read(token)) for token in tokens if _HINT.search(token)]
    if len(read) == 1 and read[0][1]:  # most lines
        return [Entry(number, read[0][0], meant) for meant in read[0][1]]
    return list(_together(number, read))


def _together(number: int, read: Read) -> Iterator[Entry]:
    files = [(meant.name, token) for token, every in read for meant in every if meant.form != "observation"]
    written, folders = dict(reversed(files)), _folders(name for name, _ in files)
    for token, every in read:
        if not every and reasons.looks_meant(token) and token.lower() not in folders:
            yield Entry(number, token[: references.LONGEST], None)
        here = (m for m in every if written.get(m.name, token) == token and m.name not in folders)
        yield from (Entry(number, token, meant) for meant in here)


def _folders(uris: Iterable[str]) -> set[str]:
    """What stands before each ``_`` of the files' names: their observations and file sets among it."""
    names = map(references.last_part, uris)
    return {name[: at.start()] for name in names for at in re.finditer("_", name)}


def _obsids(line: str) -> list[str]:
    """The product group ids of a line that holds nothing else: a number among words may be anything."""
    found = []
    for match in _TOKEN.finditer(line):
        if not _OBSID.fullmatch(match[0]):
            return []
        found.append(match[0])
    return found
