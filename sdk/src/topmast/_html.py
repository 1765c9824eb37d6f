"""What a notebook shows: pure functions, everything escaped, no script, no request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def card(title: str, facts: Iterable[tuple[str, object]], *more: str) -> str:
    """A small table of facts; empty ones are left out. `more` is HTML already."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(str(value))}</td></tr>"
        for name, value in facts
        if value not in (None, "", ())
    )
    return f"<div><b>{escape(title)}</b><table>{rows}</table>{''.join(more)}</div>"


def folded(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table that opens on a click."""
    header = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape('' if cell is None else str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<details><summary>{escape(title)}</summary><table><tr>{header}</tr>{body}</table></details>"


def size(count: int | None) -> str:
    """Bytes for people: ``1.5 GB`` with powers of 1000, as archives state them."""
    if count is None:
        return ""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
