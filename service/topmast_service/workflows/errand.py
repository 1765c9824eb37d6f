"""Fetching for one user: without a token what everybody may have, with theirs what only their program may.

Everybody asks for themselves. A refusal belongs to who was refused, never to the file nor to whoever waits for the same
one; and what is fetched with a token goes into the cache for those alone who prove that they may have it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from topmast_service.archive.transfer import Downloads
from topmast_service.domain import access
from topmast_service.domain.token import needs_token
from topmast_service.errors import NotAuthorized, TransferFailed
from topmast_service.staging.version import Version
from topmast_service.workflows.fetch import Fetched, fetch
from topmast_service.workflows.rights import Rights

T = TypeVar("T")


@dataclass(frozen=True)
class Errand:
    """`downloads` is the anonymous way to MAST; `user` for whom it is gone, None for nobody's token."""

    user: str | None
    rights: Rights
    downloads: Downloads

    def fetch(self, uri: str, listed: str, **how: Any) -> Fetched:
        """`fetch.fetch` for this user.

        Parameters
        ----------
        listed
            The file's access as MAST lists it. It may be wrong, and decides only who is asked first.
        how
            What `fetch.fetch` takes besides.

        Raises
        ------
        NotAuthorized
            MAST does not give it to this user.
        NeedsMastToken
            They have none that MAST accepts, and it takes one.
        MissingOnServer, UpstreamDown, TransferFailed, DiskFull, Stopped, Elsewhere
            As `fetch.fetch`.
        """
        if listed == access.RESTRICTED:
            raise NotAuthorized(f"MAST gives {uri} to nobody: it is restricted.")

        def whole(downloads: Downloads, exclusive: bool) -> Fetched:
            return fetch(uri, downloads=downloads, cache=self.rights.cache, exclusive=exclusive, **how)

        return self._by_the_open_way(uri, listed, whole)

    def read(self, uri: str, body: Callable[[Downloads], T]) -> T:
        """What `body` reads of a file, by the way that is open to this user; raises as `fetch`."""
        return self._by_the_open_way(uri, access.UNKNOWN, lambda downloads, _: body(downloads))

    def cached(self, uri: str) -> Version | None:
        """The newest version in the cache that this user may have; raises `UpstreamDown`."""
        newest = self.rights.cache.newest(uri, proven=True)
        if newest and newest.exclusive and not (self.user and self.rights.proven(self.user, uri)):
            return self.rights.cache.newest(uri)
        return newest

    def _by_the_open_way(self, uri: str, listed: str, body: Callable[[Downloads, bool], T]) -> T:
        """Without a token first: that proves that a file is public. With it at once where that is known to be vain."""
        if not needs_token(uri) and not (listed == access.EXCLUSIVE and self._shown(uri)):
            try:
                if listed == access.EXCLUSIVE:  # not behind somebody else's transfer of it, which may take an hour
                    self._ask(uri)
                return body(self.downloads, False)
            except NotAuthorized:
                if self.user is None or self.rights.tokens.facts(self.user) is None:
                    raise
        return self._with_token(uri, body)

    def _with_token(self, uri: str, body: Callable[[Downloads, bool], T]) -> T:
        user = self.user or ""
        token = self.rights.tokens.get(user)
        if not self.rights.prove(user, uri, token):
            return body(self.downloads, False)
        try:
            return body(self.downloads.on_behalf(token), True)
        except NotAuthorized:
            raise self.rights.refused(user, uri, token) from None

    def _shown(self, uri: str) -> bool:
        return self.user is not None and self.rights.shown(self.user, uri)

    def _ask(self, uri: str) -> None:
        with suppress(TransferFailed):  # a server that knows no HEAD: the GET will tell
            self.downloads.head(uri)
