"""A user's MAST token while it is in use: what opens exclusive data must not be seen on its way."""

from __future__ import annotations

from typing import NoReturn

from topmast_service.domain.redaction import remember

EXCLUSIVE_ACCESS = "mast:exclusive_access"
"""The scope without which a token opens nothing that everybody may not have anyway."""


ENGINEERING = "mast:jwstedb/"
"""How the dataURIs of engineering data begin."""

NEW_TOKEN = f"https://auth.mast.stsci.edu/token?suggested_name=topmast&suggested_scope={EXCLUSIVE_ACCESS}"
"""Where a user makes a new one, its name and scope filled in (as astroquery's documentation links to it)."""


def needs_token(uri: str) -> bool:
    """Whether MAST gives this dataURI to no anonymous user: engineering data, to anybody whose token it accepts.

    Such a file is asked for anew with the token of each user who wants it, and nothing of it is shared between them.
    """
    return uri.startswith(ENGINEERING)


class Token:
    """A token as MAST issued it.

    It shows itself to nobody by accident: neither `repr`, `str` nor a format string has it, it cannot be pickled
    (Celery, a process pool) nor dumped as JSON. Whoever sends it asks for `secret`. What carries it
    nevertheless, such as the words of somebody else's exception, loses it on its way into a log.

    Attributes
    ----------
    serial
        Which storing of a token this is; says nothing of the token.
    """

    __slots__ = ("_secret", "serial")

    def __init__(self, secret: str, serial: str = "") -> None:
        self._secret = secret
        self.serial = serial
        remember(secret)

    @property
    def secret(self) -> str:
        """The token itself."""
        return self._secret

    def __repr__(self) -> str:
        """Without the token."""
        return "<MAST token>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """A pickle is a file or a message, and neither may hold a token."""
        raise TypeError("a MAST token cannot be pickled")
