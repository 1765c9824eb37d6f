"""MANIFEST.HTML, MAST's and ours: a table with a column ``URI``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import chain, pairwise

from topmast_service.domain.lists import tables
from topmast_service.domain.lists.pasted import Entry

_PAGE = re.compile(r"\s{0,99}<(?:!doctype|html|head|body|table)\b", re.IGNORECASE)
_TABLE_END = re.compile(r"</table\b", re.IGNORECASE)
_ROW = re.compile(r"<tr\b", re.IGNORECASE)

LONGEST_ROW, MOST_TAGS = 20_000, 400
"""Beyond these a row is none of a manifest. (Python's parser looks to the end of its text for each tag left open.)"""


def is_page(text: str) -> bool:
    """Whether a text is HTML with a table."""
    return _PAGE.match(text) is not None and _ROW.search(text) is not None


def entries(text: str) -> Iterator[Entry]:
    """What each row names in the column ``URI``; without such a head, what any cell of a row names."""
    places: tuple[int, ...] = ()
    for line, row in _rows(text):
        cells = _cells(row)
        head, of_files = tables.places_of(cells)
        if of_files and not any(entry.meant for entry in tables.of_cells(line, cells, head, True)):
            places = head
        elif any(cells):
            found = tables.of_cells(line, cells, places or range(len(cells)), True)
            yield from (entry for entry in found if places or entry.meant)


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """Each row with its line."""
    line, at = 1, 0
    starts = (match.start() for match in _ROW.finditer(text))
    for start, following in pairwise(chain(starts, [len(text)])):
        line, at = line + text.count("\n", at, start), start
        end = min(following, start + LONGEST_ROW)
        table_end = _TABLE_END.search(text, start, end)
        yield line, text[start : table_end.start() if table_end else end]


def _cells(row: str) -> list[str]:
    if row.count("<") > MOST_TAGS:
        return [row]
    reading = _Cells()
    reading.feed(row)
    reading.close()
    return [cell.strip() for cell in reading.cells]


class _Cells(HTMLParser):
    """The texts of a row's cells."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"td", "th"}:
            self.cells.append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th", "tr"}:
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data
