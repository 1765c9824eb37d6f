"""The table of MANIFEST.HTML: a line per requested file, its picture beside it, and what there is to choose from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from itertools import islice
from urllib.parse import quote

from topmast_service.domain.manifest import OK, ManifestRow

PIECE = 250
"""Rows of one ``<tbody>``. The browser lays out only the pieces in view; a piece of all rows would save nothing."""

MOST_CHIPS = 16
"""Sub-groups that get a button of their own; some level-3 spectra have hundreds (``ANNNN_X1D``)."""

_NOTHING_MORE = frozenset({"ok", "cached"})
"""Reasons that the columns for status and source have said already."""

_PICTURES = (".jpg", ".jpeg", ".png")
_SMALL = "_thumb"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Overview:
    """What the table needs to know of all rows before it writes the first.

    Attributes
    ----------
    chips
        For each of status, type and sub-group, how many rows have which value.
    pictures
        Where the previews in the box lie, by the stem of the product they show: the full one and the thumbnail. This
        alone grows with the rows: 10 MB for a box with 35,000 previews.
    """

    def __init__(self, rows: Iterable[ManifestRow]) -> None:
        self.chips: dict[str, Counter[str]] = {"status": Counter(), "type": Counter(), "sub": Counter()}
        self.pictures: dict[str, tuple[str, str]] = {}
        for row in rows:
            self.chips["status"][row.status] += 1
            self.chips["type"][row.productType] += 1
            self.chips["sub"][row.productSubGroupDescription] += 1
            if row.status == OK and row.path.lower().endswith(_PICTURES):
                self._picture(row)

    def _picture(self, row: ManifestRow) -> None:
        stem = _stem(row.productFilename)
        small = stem.endswith(_SMALL)
        stem = stem.removesuffix(_SMALL)
        full, thumbnail = self.pictures.get(stem, ("", ""))
        self.pictures[stem] = (full, row.path) if small else (row.path, thumbnail)

    def buttons(self) -> str:
        """The buttons by which rows are chosen; a kind of which there is only one value has none."""
        return "".join(_chips(kind, found) for kind, found in self.chips.items() if len(found) > 1)

    def picture(self, row: ManifestRow) -> str:
        """The cell with the picture of what `row` holds, empty without one."""
        if row.status != OK or not self.pictures:
            return "<td>" if self.pictures else ""
        full, thumbnail = self.pictures.get(_stem(row.productFilename).removesuffix(_SMALL), ("", ""))
        if not (shown := thumbnail or full):
            return "<td>"
        name = escape(visible(row.productFilename))
        image = f'<img loading="lazy" decoding="async" width="56" height="56" src="{_address(shown)}" alt="{name}">'
        return f'<td class="pic"><a href="{_address(full or shown)}" title="{name}">{image}</a>'


def pieces(rows: Iterable[ManifestRow]) -> Iterator[list[ManifestRow]]:
    """What failed first, where it is seen, then the others; `PIECE` rows at a time."""
    ordered = _failed_first(rows)
    while piece := list(islice(ordered, PIECE)):
        yield piece


def cells(row: ManifestRow) -> dict[str, str]:
    """The texts of a line, escaped."""
    said = {
        "uri": row.dataURI,
        "name": row.productFilename,
        "description": row.description,
        "type": row.productType,
        "sub": row.productSubGroupDescription,
        "level": "" if row.calib_level is None else str(row.calib_level),
        "access": row.access,
        "status": row.status,
        "reason": "" if row.reason in _NOTHING_MORE else row.reason,
        "bytes": "" if row.size is None else str(row.size),
        "size": "" if row.size is None else human(row.size),
        "cal_ver": row.cal_ver,
        "crds_ctx": row.crds_ctx,
        "date": row.date[:16].replace("T", " "),
        "source": row.source,
        "sha256": row.sha256,
    }
    # An <a> without href is no link: what was not delivered leads nowhere.
    href = f' href="{_address(row.path)}"' if row.status == OK else ""
    return {"href": href} | {name: escape(visible(value)) for name, value in said.items()}


def human(count: int) -> str:
    """Bytes for people, in powers of 1,000 as MAST gives them."""
    value = float(count)
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{value:.3g} {unit}"


def visible(text: str) -> str:
    r"""One line in which nothing hides: line ends and characters that turn the writing round become ``\u202e``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _failed_first(rows: Iterable[ManifestRow]) -> Iterator[ManifestRow]:
    yield from (row for row in rows if row.status != OK)
    yield from (row for row in rows if row.status == OK)


def _chips(kind: str, found: Counter[str]) -> str:
    named = [(value, count) for value, count in found.most_common() if value]
    shown = "".join(
        f'<button type="button" data-kind="{kind}" data-value="{escape(visible(value))}" aria-pressed="false">'
        f"{escape(visible(value))} <i>{count:,}</i></button>"
        for value, count in named[:MOST_CHIPS]
    )
    more = f"<span>and {len(named) - MOST_CHIPS:,} more</span>" if len(named) > MOST_CHIPS else ""
    return f'<div class="chips">{shown}{more}</div>\n'


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _address(path: str) -> str:
    return escape(quote(path))
