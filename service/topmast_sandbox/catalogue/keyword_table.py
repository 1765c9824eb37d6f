"""Rows of a keyword service, kept by column: making them costs seconds, and asking them must not.

A column holds its cells up to the last that is known, and equal values once, so that 25,000 rows of 230 columns take
some 20 MB. Whoever keeps a table makes a new one when files were processed again; nothing in it depends on the clock
(rights by date are CAOM's; ``isRestricted`` is a matter of the program).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

Row = Mapping[str, Any]

CHECKSUM = "checksum"


class KeywordTable:
    """Rows that all have the same columns.

    Parameters
    ----------
    names
        The columns, in the service's order.
    rows
        What is known of each row; cells that are absent are null.
    checksums_stated
        Whether the rows tell their checksums; they are worked out otherwise.
    """

    def __init__(self, names: Iterable[str], rows: Iterable[Row], *, checksums_stated: bool = False) -> None:
        self.checksums_stated = checksums_stated
        self.names = {name: position for position, name in enumerate(names)}
        self.cells: list[list[Any]] = [[] for _ in self.names]
        self._length = 0
        once: dict[tuple[type, Any], Any] = {}
        for at, row in enumerate(rows):
            self._length = at + 1
            for name, value in row.items():
                if value is not None and name in self.names:  # some of what is known of a file is no column here
                    cells = self.cells[self.names[name]]
                    cells.extend([None] * (at - len(cells)))
                    cells.append(once.setdefault((type(value), value), value))

    def __len__(self) -> int:
        return self._length

    def rows(self, checksum: Callable[[str], str | None]) -> Iterator[KeywordRow]:
        """Every row; `checksum` works out that of a dataURI when such a cell is read."""
        return (KeywordRow(self, at, checksum) for at in range(self._length))


class KeywordRow(Mapping[str, Any]):
    """A row whose ``checksum`` (MD5 of the bytes) is worked out when it is read: a query must not hash the archive."""

    __slots__ = ("_at", "_checksum", "_table")

    def __init__(self, table: KeywordTable, at: int, checksum: Callable[[str], str | None]) -> None:
        self._table, self._at, self._checksum = table, at, checksum

    def __getitem__(self, column: str) -> Any:
        if column == CHECKSUM and not self._table.checksums_stated:
            return self._checksum(self["dataURI"])
        cells = self._table.cells[self._table.names[column]]
        return cells[self._at] if self._at < len(cells) else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.names)

    def __len__(self) -> int:
        return len(self._table.names)


class KeywordTables:
    """The tables of all services, each made when it is first asked for, and again after an event.

    Parameters
    ----------
    make
        Makes the table of a service.
    """

    def __init__(self, make: Callable[[str], KeywordTable]) -> None:
        self._make = make
        self._made: dict[str, KeywordTable] = {}
        self._lock = Lock()

    def of(self, service: str) -> KeywordTable:
        """A service's table as of now."""
        with self._lock:  # several queries at once make it once, and none of them in the middle of an event
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    @contextmanager
    def forgetting(self) -> Iterator[None]:
        """Files change inside this: whoever asks waits for the end, and gets new tables."""
        with self._lock:
            try:
                yield
            finally:
                self._made.clear()
