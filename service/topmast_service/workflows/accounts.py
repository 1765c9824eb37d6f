"""Users and keys over the wire: what a key may ask for its user, what an operator may for everybody.

An Idempotency-Key stands for the id of a new key, never for its secret: that is nowhere to be had a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from topmast_service.domain.scopes import OPERATOR, USUAL, check_within, granted
from topmast_service.errors import Invalid
from topmast_service.store.jobs import JobStore
from topmast_service.store.keys import ApiKeys, Identity, NewKey, new_id
from topmast_service.store.users import User, Users
from topmast_service.workflows.promises import promised


@dataclass(frozen=True)
class Accounts:
    """Acts on users and keys for who signed in."""

    users: Users
    keys: ApiKeys
    jobs: JobStore

    def new_key(self, asking: Identity, body: Mapping[str, Any], key: str | None) -> tuple[NewKey, bool]:
        """A key for the user themself, and whether it is a repeat; it may no more than the key that asks, nor longer.

        Raises
        ------
        MissingScope, Invalid
            It would; or its end is past.
        Expired, IdempotencyMismatch
            The Idempotency-Key stands for a key that was revoked, or for another request.
        """
        scopes = tuple(body.get("scopes") or (scope for scope in USUAL if scope in asking.scopes))
        check_within(scopes, asking.scopes)
        self._check_end(body.get("expires"), asking.expires)
        wish = {**body, "scopes": scopes, "expires": body.get("expires") or asking.expires}
        made = promised(self.jobs, asking.user.name, "keys", key, body=body, new_id=new_id())
        return self._key(asking.user.name, made.job_id, wish), made.repeated

    def key_for(self, operator: User, name: str, body: Mapping[str, Any], key: str | None) -> tuple[NewKey, bool]:
        """A key for the user `name`, with any scope that their role allows."""
        self.users.get(name)
        self._check_end(body.get("expires"), None)
        made = promised(self.jobs, operator.name, f"users/{name}/keys", key, body=body, new_id=new_id())
        return self._key(name, made.job_id, body), made.repeated

    def rotate(self, asking: Identity, key_id: str, overlap: timedelta, key: str | None) -> tuple[NewKey, bool]:
        """A key in place of one of the user's; `MissingScope` if that may more than the key that asks."""
        name = asking.user.name
        made = promised(self.jobs, name, f"keys/{key_id}/rotate", key, body={"overlap": overlap}, new_id=new_id())
        if made.job_id not in {facts.id for facts in self.keys.of(name)}:  # a repeat may follow a refusal
            check_within(granted(asking.user.role, self.keys.get(name, key_id).scopes), asking.scopes)
        return self.keys.rotate(name, key_id, overlap, made.job_id), made.repeated

    def new_user(self, operator: User, body: Mapping[str, Any], key: str | None) -> tuple[User, bool]:
        """A user of a name that nobody has, and whether it is a repeat; `UserExists`, `IdempotencyMismatch`."""
        made = promised(self.jobs, operator.name, "users", key, body=body, new_id=new_id())
        return self.users.create(**body, mark=made.job_id), made.repeated

    def change_user(self, operator: User, name: str, changes: Mapping[str, Any]) -> User:
        """Change what is given of a user; `Invalid` where operators would lock themselves out."""
        away = changes.get("disabled") or changes.get("role", OPERATOR) != OPERATOR
        if name == operator.name and away:
            raise Invalid("Operators cannot disable themselves or give up their role.", hint="Ask another operator.")
        return self.users.change(name, **changes)

    def _key(self, name: str, key_id: str, wish: Mapping[str, Any]) -> NewKey:
        told = {member: wish[member] for member in ("scopes", "expires", "label") if wish.get(member)}
        return self.keys.new(name, key_id=key_id, **told)

    def _check_end(self, wanted: datetime | None, latest: datetime | None) -> None:
        if wanted is None:
            return
        text = "The end of a key is past." if wanted <= self.keys.now() else ""
        if latest and wanted > latest:
            text = "The key would open for longer than the one that asks for it."
        if text:
            raise Invalid(text, errors=[{"pointer": "/expires", "detail": text, "suggestions": []}])
