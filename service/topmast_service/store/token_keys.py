"""The keys that encrypt users' MAST tokens, which are kept outside of Redis, and what they do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from topmast_service.errors import NeedsMastToken, UnsafeForTokens
from topmast_service.store import key_file


@dataclass(frozen=True)
class Keys:
    """Where the keys of the tokens come from.

    Parameters
    ----------
    given
        Fernet keys split by commas; the first encrypts, all of them decrypt. Without any, `file` has them, one a line.
    file
        Made with a new key, for its owner only, when the first token is stored.
    """

    given: str
    file: Path

    def __repr__(self) -> str:
        """Without the keys."""
        return f"Keys(file={self.file})"

    def cipher(self, *, make: bool = False) -> MultiFernet | None:
        """All keys; None while there is none, unless one is to be made.

        Raises
        ------
        UnsafeForTokens
            They cannot be read or written, or are no keys.
        """
        try:
            found = self.given.replace(",", " ").split() or self._of_file(make)
            return MultiFernet([Fernet(key) for key in found]) if found else None
        except OSError as error:
            raise UnsafeForTokens(f"The key of the MAST tokens: {error.strerror}.") from None
        except ValueError:  # its text, and the cause, may hold a part of the key
            raise UnsafeForTokens("The keys of the MAST tokens are no Fernet keys.") from None

    def seal(self, user: str, secret: str) -> str:
        """A token encrypted by the first key, with whose it is: another user's record could not use it."""
        cipher = self.cipher(make=True)
        if cipher is None:
            raise UnsafeForTokens("There is no key for the MAST tokens.")
        return cipher.encrypt(json.dumps([user, secret]).encode()).decode()

    def open(self, user: str, sealed: str) -> str:
        """The token of `user`; NeedsMastToken if no key opens it, or it is another's."""
        cipher = self.cipher()
        try:
            owner, secret = json.loads(cipher.decrypt(sealed.encode())) if cipher else ("", "")
        except InvalidToken:
            owner, secret = "", ""
        if owner != user:
            raise NeedsMastToken("Your stored MAST token cannot be read: the key that it was encrypted with is gone.")
        return str(secret)

    def seal_anew(self, sealed: str) -> str | None:
        """The same by the first key; None if no key opens it."""
        cipher = self.cipher()
        try:
            return cipher.rotate(sealed).decode() if cipher else None
        except InvalidToken:
            return None

    def _of_file(self, make: bool) -> list[str]:
        if make and not self.file.exists():
            key_file.make(self.file, Fernet.generate_key())
        return key_file.read(self.file)
