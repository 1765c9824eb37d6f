"""What can be looked up without a job: collections, keywords, file names, who is on a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._job import path_part
from ._paging import items
from ._session import Session


class Lookups:
    """Part of `Client`; answers are the service's documents."""

    _session: Session

    def collections(self) -> list[dict[str, Any]]:
        """What can be searched: ``name``, ``title``, ``about``, whether a ``target`` is taken, what ``expands``."""
        return [entry for entry in self._session.get("/v1/collections").get("items", []) if isinstance(entry, dict)]

    def collection(self, name: str) -> dict[str, Any]:
        """The form of one collection: its columns with units, operators and allowed values, and examples.

        Raises
        ------
        NotFound
            There is none of this name; ``error.hint`` names them all.
        """
        return self._session.get(f"/v1/collections/{path_part(name)}")

    def keywords(self, q: str | None = None) -> Iterator[dict[str, Any]]:
        """The keyword dictionary, or what of it fits the words `q`, fetched page by page while you read."""
        return items(self._session, "/v1/keywords", (("q", q),) if q else ())

    def keyword(self, name: str) -> dict[str, Any]:
        """One keyword: title, type, unit, allowed values, and where it occurs."""
        return self._session.get(f"/v1/keywords/{path_part(name)}")

    def filename(self, name: str) -> dict[str, Any]:
        """What a file's name says: program, exposure or association, ``content``, ``level``.

        Raises
        ------
        NotFound
            It is no name of a JWST file; ``error.errors`` tells what of it was understood.
        """
        return self._session.get(f"/v1/filenames/{path_part(name)}")

    def program_access(self, program: str | int) -> list[dict[str, Any]]:
        """Who of the service's users has shown to be on a program: ``user``, ``since``, ``last``, and ``current``
        (lately enough to count). MAST shows it, whenever somebody's token opens an exclusive file.
        """
        found = self._session.get(f"/v1/programs/{path_part(str(program))}/access").get("users", [])
        return [entry for entry in found if isinstance(entry, dict)]
