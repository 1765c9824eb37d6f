"""What a collection is handed, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from topmast_service.archive.outgoing import Outgoing
from topmast_service.archive.portal import Portal
from topmast_service.archive.transfer import Downloads
from topmast_service.domain.columns import Column
from topmast_service.domain.search import Search
from topmast_service.store.tokens import Tokens


@dataclass(frozen=True)
class Upstream:
    """Where a collection may ask, besides the Portal; each address is a setting. `tokens` are the users' own.

    Product lists are asked for `batch` observations at once, over `listings` connections.
    `outgoing` says where hosts may be that are not MAST's.
    """

    mast_url: str
    resolver_url: str
    datacite_url: str
    timeout: float
    open_portal: Callable[[], Portal]
    open_downloads: Callable[[], Downloads]
    tokens: Tokens
    batch: int
    listings: int
    outgoing: Outgoing


@dataclass
class Asking:
    """One search under way.

    Attributes
    ----------
    owner
        Whose search it is.
    portal
        One conversation with MAST, closed by whoever made this.
    tables
        The folder of finished tables, for collections that begin with an earlier result.
    check
        Stops the work here if the search is no longer wanted; to be called now and then.
    notes
        What the user should know about the answer; may grow until the last row is read.
    truncated
        Why MAST gave less than it has, if so; known when the last row is read.
    facts
        What is known besides the rows, also when they are only counted; becomes part of the search's result.
    """

    owner: str
    search: Search
    request: Mapping[str, Any]
    portal: Portal
    upstream: Upstream
    tables: Path
    now: datetime
    check: Callable[[], None]
    notes: list[str] = field(default_factory=list)
    truncated: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def truncate(self, reason: str) -> None:
        """MAST gave less than it has; the first reason is kept."""
        self.truncated = self.truncated or reason


@dataclass(frozen=True)
class Found:
    """The rows of a collection, made while they are read; `facts` become part of the search's result."""

    columns: Sequence[Column]
    rows: Iterable[Mapping[str, Any]]
    api: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Collection:
    """How one collection is searched; without `count`, counting means reading the rows."""

    find: Callable[[Asking], Found]
    count: Callable[[Asking], int] | None = None
