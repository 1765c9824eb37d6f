"""What the FTPS server must ask somebody else, and the gate that pyftpdlib asks in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyftpdlib.exceptions import AuthenticationFailed

READ_ONLY = "elr"
"""pyftpdlib's letters for: change directory, list, retrieve."""

_USER_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Doors:
    """The questions that the service answers for the server, and what it is told.

    Parameters
    ----------
    sign_in
        Whether this user holds this API key, now.
    boxes
        The user's own jobs: job id → directory of the job's current revision. Asked anew for every command that
        touches files, so a published or removed revision shows at once. Beneath a job only ``get`` is called, so
        a mapping that looks one job up at a time is welcome. Both may raise `TopmastError`: the client hears 450
        (421 while signing in), which means "again later".
    told
        What happened, for the audit log: a word such as ``ftps_sign_in`` or ``ftps_refused``, the user as the client
        gave it, and the client's address.
    """

    sign_in: Callable[[str, str], bool]
    boxes: Callable[[str], Mapping[str, Path]]
    told: Callable[[str, str, str], None] = lambda _action, _user, _address: None


class Gate:
    """pyftpdlib's authorizer: user name and API key, read-only, nobody anonymous."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors

    def validate_authentication(self, username: str, password: str, _handler: object) -> None:
        """Raise `AuthenticationFailed` unless the key opens; names that cannot exist are never looked up."""
        known = _USER_NAME.fullmatch(username) and username != "anonymous"
        if not (known and password and self.doors.sign_in(username, password)):
            raise AuthenticationFailed("Authentication failed: user name and API key are needed.")

    def has_perm(self, _username: str, permission: str, _path: str | None = None) -> bool:
        """Whether `permission` is one of reading."""
        return permission in READ_ONLY

    def get_perms(self, _username: str) -> str:
        """Reading only."""
        return READ_ONLY

    def get_home_dir(self, _username: str) -> str:
        """Everybody's root, which holds only their own boxes."""
        return "/"

    def get_msg_login(self, _username: str) -> str:
        """What a client reads after signing in."""
        return "Signed in. Your bundles are here, one directory per job."

    def get_msg_quit(self, _username: str) -> str:
        """What a client reads on leaving."""
        return "Goodbye."

    def impersonate_user(self, _username: str, _password: str) -> None:
        """Nothing: files are read by the service's own account."""

    def terminate_impersonation(self, _username: str) -> None:
        """Nothing: see `impersonate_user`."""
