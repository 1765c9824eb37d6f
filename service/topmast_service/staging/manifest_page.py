"""MANIFEST.HTML: the page that people open first, with MAST's own columns and what MAST's lacks.

One file that needs no network: its style and its one script stand in it, and its policy lets nothing else run. The
script only sorts, chooses and enlarges; without it the rows can still be read. They come in pieces that the browser
lays out when they come into view, so that 70,000 of them stay usable (`_READABLE_PIECES`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from string import Template
from typing import TextIO

from topmast_service.domain.manifest import BoxFacts, ManifestRow
from topmast_service.staging.manifest_head import sections
from topmast_service.staging.manifest_rows import PIECE, Overview, cells, pieces

_READABLE_PIECES = 8
"""So many stand in the page as rows. Chromium took 15.5 s over 70,000 rows in the page (2.2 million nodes), and 2.8 s
over the text of all but these; the first is painted after half a second either way."""

_READABLE = ("<tbody>\n", "</tbody>\n")
_LATER = ('<tbody class="later" data-rows="{rows}"><script type="text/plain">\n', "</script></tbody>\n")
"""The script makes rows of such a piece when it comes into view; what stands in it is escaped as in any other."""

_NOSCRIPT = (
    f"<noscript><p>Your browser runs no scripts: these are the first {_READABLE_PIECES * PIECE:,} rows, "
    "manifest.csv has all.</p></noscript>\n"
)


def write_page(
    file: TextIO, facts: BoxFacts, counted: dict[str, int], rows: Iterable[ManifestRow], *, excluded_file: bool = False
) -> None:
    """Write the page.

    Parameters
    ----------
    counted
        What `domain.manifest.totals` says of `rows`.
    rows
        Walked three times, never held.
    excluded_file
        Whether ``excluded.csv`` lies beside the page.
    """
    head, tail = _text("manifest.html").split("<!-- rows -->")
    overview = Overview(rows)
    said = sections(facts, counted, excluded_file=excluded_file) | _looks(overview)
    file.write(Template(head).substitute(said))
    line = _text("manifest_row.html")
    for number, piece in enumerate(pieces(rows)):
        begin, end = _READABLE if number < _READABLE_PIECES else _LATER
        file.write(begin.format(rows=len(piece)))
        file.writelines(line.format_map(cells(row) | {"picture": overview.picture(row)}) for row in piece)
        file.write(end)
    file.write(Template(tail).substitute(said))


@cache
def policy() -> str:
    """What the page may do, as its own ``<meta>`` and the API's header say it (CSP 3): run the script and the style
    that we wrote, by their hashes, and show pictures that lie beside it."""
    style, script = (f"'sha256-{_hash(_text(name))}'" for name in ("manifest.css", "manifest.js"))
    ours = f"style-src {style}; script-src {script}; img-src 'self'"
    return f"default-src 'none'; {ours}; base-uri 'none'; form-action 'none'"


def _looks(overview: Overview) -> dict[str, str]:
    return {
        "policy": policy(),
        "style": _text("manifest.css"),
        "script": _text("manifest.js"),
        "buttons": overview.buttons(),
        "pictures": "pictures" if overview.pictures else "",
        "picture_head": "<th>" if overview.pictures else "",
        "noscript": _NOSCRIPT if overview.chips["status"].total() > _READABLE_PIECES * PIECE else "",
    }


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
