"""What a key is good for, and what a user is.

A key has scopes, its user a role; an operation needs a scope, and `admin` the role of an operator as well. Pure: who
signed in is for `store.keys` to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from topmast_service.errors import Invalid, MissingRole, MissingScope

SEARCH, BUNDLE, READ, ADMIN = "search", "bundle", "read", "admin"
SCOPES = (SEARCH, BUNDLE, READ, ADMIN)
"""Ask MAST; make, change and remove what is staged, and one's own keys; look and fetch; look after everybody."""

USUAL = (SEARCH, BUNDLE, READ)
"""Those of a key for which none were named: `admin` is never given by the way."""

ANY = "any"
"""What an operation needs that every key may."""

MEMBER, PORTAL, OPERATOR = "member", "portal", "operator"
ROLES = (MEMBER, PORTAL, OPERATOR)


def allowed(role: str) -> tuple[str, ...]:
    """The scopes that keys of a user with this role may have."""
    return SCOPES if role == OPERATOR else USUAL


def granted(role: str, scopes: Collection[str]) -> tuple[str, ...]:
    """What a key may at this moment; one of an earlier release has no scopes written down, and may what its role may.

    A user whose role changed keeps their keys: they lose what the new role does not allow.
    """
    return tuple(scope for scope in allowed(role) if scope in scopes or not scopes)


def check_wish(role: str, scopes: Iterable[str]) -> None:
    """Make sure that a key of a user with this role may have these scopes.

    Raises
    ------
    Invalid
        It may not, or there are no such scopes.
    """
    if wrong := sorted(set(scopes) - set(allowed(role))):
        text = f"A key of a {role} cannot have {', '.join(wrong)}."
        errors = [{"pointer": "/scopes", "detail": text, "suggestions": list(allowed(role))}]
        raise Invalid(text, hint=f"Choose among {', '.join(allowed(role))}.", errors=errors)


def check_within(scopes: Iterable[str], own: Collection[str]) -> None:
    """Make sure that a key which asks for another has the other's scopes itself.

    Raises
    ------
    MissingScope
        It lacks one.
    """
    if lacking := sorted(set(scopes) - set(own)):
        raise MissingScope(f"The key that asks has no scope {', '.join(lacking)}, so it cannot make one that has.")


def check(needed: str, role: str, own: Collection[str]) -> None:
    """Make sure that a key with the scopes `own`, of a user with this role, may do what needs `needed`.

    Raises
    ------
    MissingRole
        No key of the user can: they are no operator.
    MissingScope
        This key cannot.
    """
    if needed == ADMIN and role != OPERATOR:
        raise MissingRole(f"This is for operators; the key's user is a {role}.")
    if needed != ANY and needed not in own:
        raise MissingScope(f"The key has no scope {needed}; it has {', '.join(own) or 'none'}.")
