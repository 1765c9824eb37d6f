"""What can be looked up without a job: collections, keywords, file names; and the user's MAST token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._errors import UsageError
from ._job import path_part
from ._messages import Request
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

    def set_mast_token(self, token: str) -> None:
        """Let the service use your token of MAST (auth.mast.stsci.edu) for what is yours: exclusive and engineering
        data. The service asks MAST whether it is good, keeps it encrypted, and never shows it again.

        Raises
        ------
        Invalid
            MAST does not take it.
        """
        if not isinstance(token, str) or not token.strip():
            raise UsageError("a token is needed", hint="Make one at https://auth.mast.stsci.edu/tokens.")
        self._session.call(Request("PUT", TOKEN, json={"token": token.strip()}))

    def mast_token(self) -> dict[str, Any]:
        """Whether the service has a token of yours, whether MAST takes it, and when it ends; never the token."""
        return self._session.get(TOKEN)

    def forget_mast_token(self) -> None:
        """Have the service forget it; that there is none is no error."""
        self._session.call(Request("DELETE", TOKEN))


TOKEN = "/v1/me/mast-token"  # noqa: S105 - an address
