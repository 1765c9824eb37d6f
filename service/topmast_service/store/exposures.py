"""Exposures while a listing is decided upon: a table of its own on disk, gone with its use.

A program may have 20,000 file sets of ten detectors, and a search many programs; the table holds 2 MB of it in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from types import TracebackType

from topmast_service.domain.exposures import Circles, Exposure, circles, of_guide_star

_CIRCLES = ("stem", "file_set", "visit", "candidate")
_COMMON = """
SELECT CASE WHEN MIN(exp_type) = MAX(exp_type) THEN MIN(exp_type) END, MIN(NULLIF(start, 0)),
       CASE WHEN MIN(elements) = MAX(elements) THEN MIN(elements) ELSE '' END
FROM exposures WHERE {} = ? HAVING COUNT(*) > 0
"""
"""A cell that MAST left empty differs from all others; a begin that it does not tell is 0 here."""


class Exposures:
    """What is known of exposures, by the names of their products."""

    def __enter__(self) -> Exposures:
        self._base = sqlite3.connect("")  # without a name: a file that SQLite removes by itself
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.execute(
            "CREATE TABLE exposures (stem TEXT, file_set TEXT, visit TEXT, candidate TEXT, exp_type TEXT, start REAL, "
            "elements TEXT, PRIMARY KEY (stem, exp_type, start, elements)) WITHOUT ROWID"
        )
        self._within = lru_cache(1000)(self._ask)  # all files of a visit that has thousands ask the same
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._base.close()

    def add(self, found: Iterable[tuple[str, Exposure]]) -> None:
        """Take in what is known of files, by their names."""
        rows = ((circles(name), known) for name, known in found)
        self._base.executemany(
            "INSERT OR IGNORE INTO exposures VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (c.stem, c.file_set, c.visit, c.candidate, k.exp_type or "", k.begin or 0.0, ";".join(k.elements))
                for c, k in rows
                if c.stem
            ),
        )

    def index(self) -> None:
        """Be quick from now on: everything has been taken in."""
        for circle in _CIRCLES[1:]:
            self._base.execute(f"CREATE INDEX by_{circle} ON exposures ({circle}, exp_type, start, elements)")

    def of(self, name: str) -> Exposure | None:
        """When and how the file of this name was taken; None if nothing is known of it."""
        where, guiding = circles(name), of_guide_star(name)
        if guiding is None or guiding.begin is None:
            known = self._narrowest(where)
            return known if guiding is None else Exposure(guiding.exp_type, known.begin if known else None)
        return guiding

    def _narrowest(self, where: Circles) -> Exposure | None:
        for circle in _CIRCLES:
            value = getattr(where, circle)
            if value and (known := self._within(circle, value)):
                return known
        return None

    def _ask(self, circle: str, value: str) -> Exposure | None:
        cells = self._base.execute(_COMMON.format(circle), [value]).fetchone()
        return Exposure(cells[0] or None, cells[1] or None, tuple(filter(None, cells[2].split(";")))) if cells else None
