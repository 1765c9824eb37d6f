"""The first user and their API key, made once and kept: the same folder gives the same key."""

from __future__ import annotations

from pathlib import Path

from topmast_service.embedded.folder import write_private
from topmast_service.errors import NotFound, Unauthenticated
from topmast_service.store.users import Users


def first_user_key(users: Users, name: str, file: Path) -> str:
    """The API key of `name`, read from `file` or made and written there (0600).

    Raises
    ------
    Invalid
        The name is not a user name.
    """
    _ensure(users, name)
    kept = file.read_text().strip() if file.exists() else ""
    if kept and _belongs(users, kept, name):
        return kept
    key = users.new_key(name)
    write_private(file, key + "\n")
    return key


def _ensure(users: Users, name: str) -> None:
    try:
        users.get(name)
    except NotFound:
        users.add(name, email=f"{name}@localhost")


def _belongs(users: Users, key: str, name: str) -> bool:
    try:
        return users.sign_in(key).name == name
    except Unauthenticated:
        return False
