"""What the FTPS server must ask somebody else, and the gate that pyftpdlib asks in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyftpdlib.exceptions import AuthenticationFailed

READ_ONLY = "elr"
"""pyftpdlib's letters for: change directory, list, retrieve."""

_USER_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


OPEN: Future[str | None] = Future()
"""The answer for a file that everybody may have."""
OPEN.set_result(None)


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
    opens
        Why a user may not have a file that is there (``/<job id>/…``), or None. Asked at every RETR; the answer may
        take seconds, and nobody else waits for it.
    may_try, failed
        Asked with the client's address before a key is looked at, and told of address, user and key when it was wrong.
    told
        What happened, for the audit log: a word such as ``ftps_sign_in`` or ``ftps_refused``, the user as the client
        gave it, and the client's address.
    """

    sign_in: Callable[[str, str], bool]
    boxes: Callable[[str], Mapping[str, Path]]
    opens: Callable[[str, str], Future[str | None]] = lambda _user, _path: OPEN
    may_try: Callable[[str], None] = lambda _address: None
    failed: Callable[[str, str, str], None] = lambda _address, _user, _key: None
    told: Callable[[str, str, str], None] = lambda _action, _user, _address: None


class Gate:
    """pyftpdlib's authorizer: user name and API key, read-only, nobody anonymous."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        """Raise `AuthenticationFailed` unless the key opens; names that cannot exist are never looked up."""
        self.doors.may_try(handler.remote_ip)
        known = _USER_NAME.fullmatch(username) and username != "anonymous"
        if not (known and password and self.doors.sign_in(username, password)):
            self.doors.failed(handler.remote_ip, username if known else "", password)
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
