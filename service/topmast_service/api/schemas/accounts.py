"""Users and keys: what comes in, and what goes out."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Answer, Moment, Pattern, QueryNumber, Request, Truth
from topmast_service.api.schemas.quotas import MyQuotas
from topmast_service.domain.notices import ADDRESS
from topmast_service.domain.scopes import ROLES, SCOPES
from topmast_service.store.users import USER_NAME

LONGEST_OVERLAP = 30 * 86_400
"""Seconds that a key may open beside the one in its place."""

_EMAIL = Pattern(f"(?:{ADDRESS})?", "This is not an e-mail address.")
_LABEL = Pattern(r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{0,100}", "At most 100 characters, no control ones.")
_KEY: dict[str, Any] = {
    "id": "5d1f0c9a",
    "created": "2026-07-01T12:00:00.000Z",
    "last_used": None,
    "expires": "2026-09-29T12:00:00.000Z",
    "scopes": ["search", "bundle", "read"],
    "label": "notebook",
}


def _email() -> fields.String:
    said = {"description": "Where notices go unless a request says otherwise; may be empty", "example": "a@example.org"}
    return fields.String(validate=_EMAIL, metadata=said)


class MeChange(Request):
    """What you may change of yourself."""

    email = _email()


class UserChange(MeChange):
    """What an operator may change of a user."""

    role = fields.String(validate=validate.OneOf(ROLES), metadata={"description": "What a new one does not allow ends"})
    disabled = Truth(metadata={"description": "Whether their keys and links open nothing"})


class UserRequest(MeChange):
    """A new user."""

    name = fields.String(
        required=True,
        validate=Pattern(USER_NAME.pattern, "a-z, 0-9, _ and -, beginning with a letter; at most 32."),
        metadata={"example": "vera"},
    )
    role = fields.String(validate=validate.OneOf(ROLES), metadata={"default": "member"})


class KeyRequest(Request):
    """A new key."""

    scopes = fields.List(
        fields.String(validate=validate.OneOf(SCOPES)),
        validate=validate.Length(1, len(SCOPES)),
        metadata={"description": "What it may; without, what is usual: `search`, `bundle`, `read`"},
    )
    expires = Moment(metadata={"description": "Its end; without, it has none", "example": "2099-01-01T00:00:00Z"})
    label = fields.String(validate=_LABEL, metadata={"description": "What it is for", "example": "notebook"})


class Rotation(Request):
    """How a key is replaced."""

    overlap = QueryNumber(
        load_default=0,
        validate=validate.Range(0, LONGEST_OVERLAP),
        metadata={"description": "Seconds that the old key still opens", "default": 0, "example": 3600},
    )


class UserDocument(Answer):
    """A user."""

    name = fields.String()
    email = fields.String(metadata={"description": "Where notices go unless a request says otherwise; may be empty"})
    role = fields.String(metadata={"description": ", ".join(ROLES)})
    created = fields.String(metadata={"description": "When, in UTC"})
    disabled = fields.Boolean(metadata={"description": "Whether their keys and links open nothing"})


class UserList(Answer):
    """All users, by name."""

    items = fields.List(fields.Nested(UserDocument))


class Me(Answer):
    """Who asks, and what the key may."""

    name = fields.String()
    email = fields.String(metadata={"description": "Where notices go unless a request says otherwise; may be empty"})
    role = fields.String(metadata={"description": ", ".join(ROLES)})
    scopes = fields.List(fields.String(), metadata={"description": "Of the key that asks, at this moment"})
    key_id = fields.String(metadata={"description": "Of the key that asks"})
    expires = Moment(allow_none=True, metadata={"description": "When that key ends"})
    actor = fields.String(metadata={"description": "Whose key it is: you, or the portal that acts for you"})
    quotas = fields.Nested(MyQuotas)


class Key(Answer):
    """What may be shown of a key."""

    json_schema: ClassVar[dict[str, Any]] = {"example": _KEY}

    id = fields.String(metadata={"description": "The second part of the key itself"})
    created = Moment()
    last_used = Moment(allow_none=True, metadata={"description": "To the minute"})
    expires = Moment(allow_none=True, metadata={"description": "Its end"})
    scopes = fields.List(fields.String(), metadata={"description": "What it may, as the user's role is now"})
    label = fields.String()


class KeyList(Answer):
    """All keys of a user, the newest last; those that ended for another month."""

    items = fields.List(fields.Nested(Key))


class MadeKey(Key):
    """A key, on the only occasion that it is shown."""

    json_schema: ClassVar[dict[str, Any]] = {"example": {**_KEY, "key": "tm_5d1f0c9a_" + "x" * 32}}

    key = fields.String(
        allow_none=True,
        metadata={"description": "The key. null in the answer to a repeated Idempotency-Key: it is shown once"},
    )
