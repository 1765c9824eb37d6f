"""The first user and their API key, made once and kept: the same folder gives the same key."""

from __future__ import annotations

from pathlib import Path

from topmast_service.domain.scopes import OPERATOR, allowed
from topmast_service.embedded.folder import write_private
from topmast_service.errors import NotFound, Unauthenticated
from topmast_service.store.keys import ApiKeys
from topmast_service.store.users import Users


def first_user_key(users: Users, keys: ApiKeys, name: str, file: Path) -> str:
    """The API key of `name`, read from `file` or made and written there (0600).

    Raises
    ------
    Invalid
        The name is not a user name.
    """
    _ensure(users, name)
    kept = file.read_text().strip() if file.exists() else ""
    user = users.get(name)
    if kept and (user.disabled or _belongs(keys, kept, name)):
        return kept
    key = keys.new(name, scopes=allowed(user.role), label="first user").secret
    write_private(file, key + "\n")
    return key


def _ensure(users: Users, name: str) -> None:
    """Somebody must be able to administrate: also where an earlier release knew no operators."""
    try:
        users.get(name)
    except NotFound:
        users.add(name, email=f"{name}@localhost")
    if not any(user.role == OPERATOR for user in users.everybody()):
        users.change(name, role=OPERATOR)


def _belongs(keys: ApiKeys, key: str, name: str) -> bool:
    try:
        return keys.sign_in(key).user.name == name
    except Unauthenticated:
        return False
