"""How things look: colours, lines, type.

Colours are Okabe and Ito's (2008), which people with any kind of colour vision tell apart; lines and rings differ too,
so that a print without colours can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.patheffects import withStroke

from topmast_service.domain import access

INK, FAINT, GRID = "#1a1a1a", "#5f6368", "#9aa0a6"
DASHED = (0, (5, 3))
TEXT: dict[str, Any] = {"family": "DejaVu Sans", "parse_math": False}
"""A `$` in a query is no formula."""


@dataclass(frozen=True)
class Look:
    """How the footprints of one access are drawn; `ring`: how large the dot of a tiny one is, in points."""

    color: str
    line: Any
    ring: float


LOOKS = {
    access.PUBLIC: Look("#0072B2", "solid", 2.6),
    access.EXCLUSIVE: Look("#D55E00", "solid", 5.2),
    access.PLANNED: Look("#009E73", (0, (4, 2)), 7.8),
    access.RESTRICTED: Look("#CC79A7", (0, (1, 1.2)), 10.4),
    access.UNKNOWN: Look("#6b6b6b", (0, (6, 2, 1, 2)), 13.0),
}
"""In the order of the legend. Rings of one place lie around each other, so that none hides another."""


def halo(width: float = 3.0) -> list[withStroke]:
    """A white edge, for what stands upon footprints."""
    return [withStroke(linewidth=width, foreground="white")]


def printable(text: str) -> str:
    """Without what the font cannot show: a box says no more than a question mark."""
    return "".join(c if c.isprintable() and ord(c) < 0x2400 else "?" for c in text)
