"""Users. Their keys are in `keys`.

Key ``user:<name>``, a hash of the fields of `User`. Earlier releases knew no `disabled` and no `mark`. Only
what changes is written, so that two who change different things lose nothing of each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from topmast_service.domain.notices import ADDRESS
from topmast_service.domain.scopes import MEMBER, ROLES
from topmast_service.errors import Invalid, NotFound, UserExists
from topmast_service.store.connection import PREFIX, Client, time_of

USER_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
"""User names are folder names and FTPS logins too, hence so narrow (design: §9 Names)."""

_ADDRESS = re.compile(ADDRESS)


@dataclass(frozen=True)
class User:
    """Who asks. `email` is where notices go when the request names nobody; who is `disabled` has no key that opens."""

    name: str
    email: str = ""
    role: str = MEMBER
    created: str = ""
    disabled: bool = False


class Users:
    """All users of this installation; they are disabled, never removed, since what they made stays theirs."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    def add(self, name: str, *, email: str | None = None, role: str | None = None) -> User:
        """Create a user, or change what is given of one that is there.

        Raises
        ------
        Invalid
            The name is not ``[a-z][a-z0-9_-]{0,31}``, or the rest is nothing a user can have.
        """
        try:
            return self.create(name, email=email or "", role=role or MEMBER)
        except UserExists:
            return self.change(name, email=email, role=role)

    def create(self, name: str, *, email: str = "", role: str = MEMBER, mark: str = "") -> User:
        """A user of a name that nobody has; `Invalid` as for `add`.

        Raises
        ------
        UserExists
            The name is taken; by another `mark`, which says what request made a user.
        """
        _check_name(name)
        told = {"name": name, "mark": mark, "created": self._now(), **_told(email=email, role=role)}

        def write(pipe: Any) -> None:
            stored = pipe.hgetall(_key(name))
            if stored and not (mark and stored.get("mark") == mark):
                raise UserExists(f"There is a user {name}.")
            pipe.multi()
            if not stored:
                pipe.hset(_key(name), mapping=told)

        self._redis.transaction(write, _key(name))
        return self.get(name)

    def change(
        self, name: str, *, email: str | None = None, role: str | None = None, disabled: bool | None = None
    ) -> User:
        """Change what is given; `NotFound` without such a user, `Invalid` as for `add`."""
        told = _told(email=email, role=role, disabled=disabled)
        self.get(name)
        if told:
            self._redis.hset(_key(name), mapping=told)
        return self.get(name)

    def get(self, name: str) -> User:
        """The user called `name`; `NotFound` if there is none."""
        stored = self._redis.hgetall(_key(name)) if USER_NAME.fullmatch(name) else {}
        if not stored:
            raise NotFound(f"There is no user {name}.")
        texts = {field: stored.get(field, "") for field in ("email", "created")}
        return User(name, **texts, role=stored.get("role", MEMBER), disabled=stored.get("disabled") == "1")

    def everybody(self) -> list[User]:
        """All users, by name."""
        names = sorted(str(key).removeprefix(f"{PREFIX}user:") for key in self._redis.scan_iter(f"{PREFIX}user:*"))
        return [self.get(name) for name in names]

    def _now(self) -> str:
        return time_of(self._redis).strftime("%Y-%m-%dT%H:%M:%SZ")


def _key(name: str) -> str:
    return f"{PREFIX}user:{name}"


def _check_name(name: str) -> None:
    if not USER_NAME.fullmatch(name):
        raise Invalid(f"{name!r} is not a user name.", hint="Use a-z, 0-9, _ and -, beginning with a letter.")


def _told(*, email: str | None = None, role: str | None = None, disabled: bool | None = None) -> dict[str, str]:
    """What is to be written; an address without control characters, since it goes into the head of mails."""
    if email and not _ADDRESS.fullmatch(email):
        raise Invalid(f"{email!r} is not an e-mail address.", hint="Write it without a name: ann@example.org.")
    if role is not None and role not in ROLES:
        raise Invalid(f"{role!r} is no role.", hint=f"Choose among {', '.join(ROLES)}.")
    flag = None if disabled is None else "1" if disabled else ""
    told = {"email": email, "role": role, "disabled": flag}
    return {name: value for name, value in told.items() if value is not None}
