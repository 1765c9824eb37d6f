"""Tables as text: our ``manifest.csv``, astroquery's manifest, rows exported or copied from the Portal."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from topmast_service.domain.lists import references
from topmast_service.domain.lists.lines import numbered
from topmast_service.domain.lists.pasted import LONGEST_TEXT, Entry, Meant

FILES = ("datauri", "uri", "url", "productfilename", "filename", "local path", "file")
"""Columns that name a file, in small letters; the first that does so in a row counts."""

OBSERVATIONS = ("obsid", "obs_id")
"""Columns that name an observation, where no column names a file. MAST uses some obs_ids twice."""

_SURE = frozenset({*FILES, *OBSERVATIONS} - {"url", "file", "filename"})
"""These alone make a line the head of a table; the others are words that any text may have."""

_ID = re.compile(r"[\w.+-]{4,100}", re.ASCII)
_DELIMITERS = ",\t;|"
_HEAD_WITHIN = 200
"""Lines above the head: comments, of which ECSV has one for each column."""


class Head(NamedTuple):
    """Where a table begins, and where its columns are."""

    line: int
    delimiter: str
    places: tuple[int, ...]
    of_files: bool


def head(text: str) -> Head | None:
    """The head of a table; None if the text is none. Above it there may be comments and blank lines only."""
    spaced = text.startswith("# %ECSV")
    for number, line in numbered(text):
        if line.strip() and not line.startswith("#"):
            return _head(number, line, _DELIMITERS + " " * spaced)
        if number == _HEAD_WITHIN:
            break
    return None


def places_of(names: Sequence[str]) -> tuple[tuple[int, ...], bool]:
    """Where the columns are that name things, best first, and whether these are files."""
    lower = [name.strip().strip('"').lower() for name in names]
    for known in (FILES, OBSERVATIONS):
        if found := tuple(lower.index(name) for name in known if name in lower):
            return found, known is FILES
    return (), False


def _head(number: int, line: str, delimiters: str) -> Head | None:
    if len(line) > 20_000:
        return None
    for delimiter in delimiters:
        names = line.split(delimiter)
        if {name.strip().strip('"').lower() for name in names} & _SURE:
            return Head(number, delimiter, *places_of(names))
    return None


def entries(text: str, top: Head) -> Iterator[Entry]:
    """What each row names."""
    below = (line for number, line in numbered(text) if number > top.line)
    reader = csv.reader(below, delimiter=top.delimiter)
    while True:
        line = top.line + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # a quote that never ends
            yield Entry(line, str(error), None)
            continue
        if any(cell.strip() for cell in row) and not row[0].startswith("#"):
            yield from of_cells(line, row, top.places, top.of_files)


def of_cells(line: int, row: Sequence[str], places: Sequence[int], of_files: bool) -> Iterator[Entry]:
    """What a row names by its cells in these places; one entry that is not understood if nothing."""
    cells = [cell for place in places if place < len(row) and (cell := row[place].strip())]
    told = cells[0] if cells else " ".join(row)
    every = references.first(cells) if of_files else _observation(told)
    for meant in every or (None,):
        yield Entry(line, told[:LONGEST_TEXT], meant)


def _observation(cell: str) -> tuple[Meant, ...]:
    return (Meant("observation", cell),) if _ID.fullmatch(cell) else ()
