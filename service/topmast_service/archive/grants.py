"""What MAST gives to whom: asked with a file's head, by a token or by nobody. No byte of the file moves."""

from __future__ import annotations

from topmast_service.archive import tokens
from topmast_service.archive.transfer import Downloads, TransferBroken, WrongRange
from topmast_service.domain.token import Token
from topmast_service.errors import NotAuthorized, TransferFailed, UpstreamDown

CONNECT_SECONDS, READ_SECONDS = 5, 10
"""Somebody waits at a door for the answer."""


class Grants:
    """Asks MAST. Threads may share one."""

    def __init__(self, mast_url: str) -> None:
        self._url = mast_url
        self._downloads = Downloads(mast_url, connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)

    def opens(self, uri: str, token: Token | None) -> bool:
        """Whether MAST gives the file to this token; to an anonymous request where there is none.

        Raises
        ------
        MissingOnServer
            It has no such file any more.
        UpstreamDown
            There is no answer, or none that says it.
        """
        downloads = self._downloads.on_behalf(token) if token else self._downloads
        try:
            _ask(downloads, uri)
        except NotAuthorized:
            return False
        except (TransferFailed, TransferBroken, WrongRange) as error:
            raise UpstreamDown(f"MAST does not say who may have {uri} ({error}).") from error
        return True

    def check(self, token: Token) -> None:
        """Whether MAST knows the token; raises as `tokens.whoami` does."""
        tokens.whoami(self._url, token)


def _ask(downloads: Downloads, uri: str) -> None:
    try:
        downloads.head(uri)
    except TransferFailed:  # a server that knows no HEAD
        with downloads.open(uri, start=0, end=1):
            return
