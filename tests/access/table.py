"""The matrix as a table for people."""

from __future__ import annotations

from collections.abc import Callable

from tests.access.matrix import KINDS, WHO, by_link, expected

BEGIN, END = "<!-- access matrix: begins -->\n", "<!-- access matrix: ends -->\n"
WORDS = {200: "yes", 401: "401", 403: "403", 404: "404"}


def written(text: str) -> str:
    """`text` with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def table() -> str:
    """Who gets which file by GET, HEAD, zip, tar and FTPS, and by a link."""
    head = f"| | {' | '.join(KINDS)} |\n|---|{'---|' * len(KINDS)}\n"
    rows = "".join(_row(who, lambda kind, who=who: expected(who, kind)) for who in WHO)
    return f"{head}{rows}{_row('whoever has a link', by_link)}"


def _row(name: str, status: Callable[[str], int]) -> str:
    return f"| {name} | {' | '.join(WORDS[status(kind)] for kind in KINDS)} |\n"
