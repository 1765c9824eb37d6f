"""May this user have this file, now? What every door asks, and whoever fetches for a user.

What is public is for everybody. For the rest the user's own token must have opened the program a few minutes ago at
MAST, which alone knows who is on it (grants live in MyST; topmast adds none). One answer counts for the whole program
(`store.proofs`), so a box of thousands of files costs two questions every ten minutes.

A proof takes two answers: MAST gives a file to the token, and *then* refuses the same file to an anonymous request. The
first alone proves nothing, because MAST gives public files to every token; and in this order no release can come in
between and make a proof out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from topmast_service.domain import access
from topmast_service.domain.token import Token, needs_token
from topmast_service.errors import BadMastToken, ExclusiveAccess, MissingOnServer, NeedsMastToken, NotAuthorized
from topmast_service.staging.cache import Cache
from topmast_service.staging.part import PartBusy
from topmast_service.staging.version import Version
from topmast_service.store.proofs import Proofs
from topmast_service.store.tokens import Tokens

if TYPE_CHECKING:
    from topmast_service.archive.grants import Grants  # loads urllib3, which an API process seldom needs

Row = Mapping[str, Any]
"""A delivered row of a manifest, or what decides of one: `dataURI`, `sha256`, `access`, `path`."""

MOST_QUESTIONS = 20
"""Files of one box that MAST is asked about one by one, while somebody waits, because no proof covers them."""


@dataclass(frozen=True)
class Rights:
    """Answers from what was shown lately, or asks MAST."""

    proofs: Proofs
    tokens: Tokens
    cache: Cache
    open_grants: Callable[[], Grants]

    def check(self, user: str | None, row: Row) -> None:
        """Let `user` (None: somebody without a key) have a delivered file.

        Raises
        ------
        ExclusiveAccess
            MAST does not give it to them.
        NeedsMastToken
            They have no token that MAST accepts.
        UpstreamDown
            MAST cannot be asked, and has not said it lately.
        """
        if self.is_public(row):
            return
        if user is None or not access.may_have(row["access"], proven=True):
            raise ExclusiveAccess(f"MAST gives {row['dataURI']} to its program only.")
        try:
            self.prove(user, row["dataURI"], self.tokens.get(user))
        except NeedsMastToken:
            raise
        except (NotAuthorized, MissingOnServer) as error:
            raise ExclusiveAccess(error.detail) from None

    def may_have(self, user: str | None, row: Row) -> bool:
        """The same as `check`, as an answer."""
        try:
            self.check(user, row)
        except (ExclusiveAccess, NotAuthorized):
            return False
        return True

    def closed(self, user: str | None, rows: Iterable[Row]) -> frozenset[str]:
        """The paths, among rows that were not public when they were delivered, that `user` may not have now."""
        proven: dict[str, bool] = {}
        shut, asked = set(), 0
        for row in rows:
            granted = access.granted_with(row["dataURI"])
            if user is not None and granted not in proven:
                proven[granted] = self.proven(user, row["dataURI"])
            if access.may_have(row["access"], proven=proven.get(granted, False)) or self.is_public(row):
                continue
            asked += 1
            if user is None or asked > MOST_QUESTIONS or not self.may_have(user, row):
                shut.add(row["path"])
        return frozenset(shut)

    def is_public(self, row: Row) -> bool:
        """Whether it was public when it was delivered, or MAST has given it to everybody since."""
        if access.may_have(row["access"], proven=False):
            return True
        return access.may_have(row["access"], proven=True) and self.cache.is_public(row["dataURI"], row["sha256"])

    def shown(self, user: str, uri: str) -> bool:
        """Whether MAST has shown it lately; nobody is asked."""
        if not self.tokens.usable(user):
            return False
        return self.proofs.known(user, access.granted_with(uri), self.tokens.get(user)) is True

    def may_take(self, user: str, uri: str, version: Version) -> bool:
        """Whether a cached version is for `user`, as far as that is known; nobody is asked."""
        return not version.exclusive or self.shown(user, uri)

    def proven(self, user: str, uri: str) -> bool:
        """Whether `user` may have what anybody's token has fetched of an exclusive dataURI; raises `UpstreamDown`."""
        try:
            return self.prove(user, uri, self.tokens.get(user))
        except (NotAuthorized, MissingOnServer):
            return False

    def prove(self, user: str, uri: str, token: Token) -> bool:
        """Ask MAST, unless it said so lately; False if the file is public, so that nothing can be proven with it.

        Raises
        ------
        NotAuthorized
            MAST does not give it to this token. `NeedsMastToken` if it does not know the token any more.
        MissingOnServer
            MAST has withdrawn it, and nothing else is known that would prove it.
        UpstreamDown
            MAST does not answer.
        """
        known = self.proofs.known(user, access.granted_with(uri), token)
        if known is None:
            return self._asked(user, uri, token)
        if not known:
            raise NotAuthorized(f"MAST does not give {uri} to your token.")
        return True

    def refused(self, user: str, uri: str, token: Token) -> NotAuthorized:
        """What to raise when MAST refused `uri` to a token; nothing proven counts, and the token may be dead."""
        self.proofs.refused(user, access.granted_with(uri), token)
        try:
            self.open_grants().check(token)
        except BadMastToken:
            self.tokens.refuse(user, token)
            return NeedsMastToken("MAST does not accept your stored token any more: revoked, idle or too old.")
        return NotAuthorized(f"MAST does not give {uri} to your token.")

    def _asked(self, user: str, uri: str, token: Token) -> bool:
        if needs_token(uri):  # anybody's token opens these, and nobody gets them without
            return self._alive(user, uri, token)
        mast, granted = self.open_grants(), access.granted_with(uri)
        try:
            opened = mast.opens(uri, token)
        except MissingOnServer:
            return self._asked_of_another(user, uri, token)
        if not opened:
            raise self.refused(user, uri, token)
        if mast.opens(uri, None):
            self.release(uri)
            return False
        self.proofs.accepted(user, granted, token, uri)
        return True

    def _asked_of_another(self, user: str, uri: str, token: Token) -> bool:
        """MAST has withdrawn the file: another of the program, which lately was exclusive, has to do."""
        witness = self.proofs.witness(access.granted_with(uri))
        if witness in {None, uri} or not self._asked(user, str(witness), token):
            raise MissingOnServer(f"MAST has {uri} no more, so it cannot be asked who may have it.")
        return True

    def _alive(self, user: str, uri: str, token: Token) -> bool:
        try:
            self.open_grants().check(token)
        except BadMastToken:
            raise self.refused(user, uri, token) from None
        self.proofs.accepted(user, access.granted_with(uri), token, uri)
        return True

    def release(self, uri: str) -> None:
        """Everybody may have it from now on; whoever is fetching it will find the same."""
        try:
            with self.cache.open_part(uri, wait=0):
                self.cache.release(uri)
        except PartBusy:
            return
