"""The keys that sign links: in a file of their own, so that links can be ended without touching anything else."""

from __future__ import annotations

import secrets
from pathlib import Path

from topmast_service.errors import TopmastError
from topmast_service.store import key_file


class LinkKeys:
    """The first key signs, all of them verify: put a new one first, and remove the old one when its links have ended.

    The file is read at every request, so that a removed key ends its links at once.

    Parameters
    ----------
    file
        One key a line; made when the first link is.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def signing(self) -> bytes:
        """The key of new links.

        Raises
        ------
        TopmastError
            The file is there, and empty.
        """
        if not self._file.exists():
            key_file.make(self._file, secrets.token_urlsafe(48).encode())
        if keys := self.verifying():
            return keys[0]
        raise TopmastError("There is no key in the file of the links' keys.")

    def verifying(self) -> list[bytes]:
        """All keys whose links open."""
        return [key.encode() for key in key_file.read(self._file)]
