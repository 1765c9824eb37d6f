"""What a file says about its rows, in the words and places of its format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class About:
    """Where rows come from, how old they are, and whether they are all.

    Attributes
    ----------
    title
        What the file is, in one line.
    query
        The request as it was sent.
    api
        Which of MAST's services answered.
    as_of
        When MAST was asked, RFC 3339.
    truncated
        Why MAST gave less than it has; None: that is all.
    stale
        Whether a newer answer could not be had.
    rows
        How many there are.
    notes
        What the user should know about the answer.
    """

    title: str
    query: Mapping[str, Any] = field(default_factory=dict)
    api: str | None = None
    as_of: str | None = None
    truncated: str | None = None
    stale: bool = False
    rows: int = 0
    notes: tuple[str, ...] = ()

    def facts(self) -> Iterator[tuple[str, str]]:
        """Name and text of everything there is to say; the same names in every format."""
        yield "query", json.dumps(self.query, ensure_ascii=False)
        if self.api:
            yield "api", self.api
        if self.as_of:
            yield "as_of", self.as_of
        if self.truncated is not None:
            yield "truncated", self.truncated
        yield "stale", str(self.stale).lower()
        yield from (("note", note) for note in self.notes)
