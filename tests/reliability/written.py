"""The tables of docs/reliability.md: what the tests saw, compared with what is written there, or written anew.

``WRITE_RELIABILITY=1 python -m pytest tests/reliability`` writes; without it a difference fails the test.
"""

from __future__ import annotations

import os
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def compare(section: str, columns: list[str], rows: list[list[str]]) -> None:
    """Compare a table with the one between the section's marks, or put it there."""
    table = _table(columns, rows)
    begin, end = f"<!-- {section}: written by tests/reliability -->\n", f"<!-- end of {section} -->\n"
    page = PAGE.read_text(encoding="utf-8")
    before, found, rest = page.partition(begin)
    written, _, after = rest.partition(end)
    assert found, f"docs/reliability.md has no section {section!r}"
    if os.environ.get("WRITE_RELIABILITY"):
        PAGE.write_text(before + begin + table + end + after, encoding="utf-8")
    else:
        assert written == table, "docs/reliability.md is out of date: WRITE_RELIABILITY=1 make reliability"


def _table(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n"
