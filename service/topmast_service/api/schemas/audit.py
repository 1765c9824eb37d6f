"""The audit log, as operators read it."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Answer, Moment, Pattern, Request
from topmast_service.api.schemas.parameters import list_cursor, list_limit

EXAMPLE = {
    "id": "1795855200000-0",
    "time": "2026-11-28T08:00:00.000Z",
    "action": "submitBundle",
    "actor": "portal",
    "user": "ann",
    "key_id": "1a2b3c4d",
    "kind": "bundle",
    "object": "b_0123456789abcdef",
    "path": "",
    "outcome": "202",
    "address": "192.0.2.7",
    "request_id": "r_0123456789abcdef",
    "count": 1,
}


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"description": text, **more}


def _exactly(text: str, longest: int, **more: Any) -> fields.String:
    return fields.String(validate=validate.Length(1, longest), metadata=_said(text, **more))


class AuditQuery(Request):
    """Which entries."""

    user = fields.String(
        validate=Pattern(r"[a-z][a-z0-9_-]{0,31}", "This is no user name."),
        metadata=_said("Only what this user did, or had done"),
    )
    action = _exactly("Only this action: an operationId, or a word such as `ftps_sign_in`", 100, example="submitBundle")
    object = _exactly("Only what was done to the object of this id", 200, example="b_0123456789abcdef")
    since = Moment(metadata=_said("Only from this time on", example="2026-07-01T00:00:00Z"))
    until = Moment(metadata=_said("Only before this time", example="2027-07-01T00:00:00Z"))
    limit = list_limit()
    cursor = list_cursor()


class AuditEntry(Answer):
    """What was done; what is not known is empty."""

    json_schema: ClassVar[dict[str, Any]] = {"example": EXAMPLE}

    id = fields.String(metadata=_said("Of the entry; later ones are greater"))
    time = Moment()
    action = fields.String(metadata=_said("The operationId of a request, else a word such as `file_delivered`"))
    actor = fields.String(metadata=_said("Whose key it was; at address `cli`, a user of the operating system"))
    user = fields.String(metadata=_said("For whom it was done; another than `actor` when a portal acts for somebody"))
    key_id = fields.String(metadata=_said("Which key; as it was claimed, where it was refused"))
    kind = fields.String(metadata=_said("What kind of object it was done to"))
    object = fields.String(metadata=_said("The id of the object"))
    path = fields.String(metadata=_said("Where in it"))
    outcome = fields.String(metadata=_said("The status of the answer, and the code of a problem"))
    address = fields.String(metadata=_said("Where the request came from; `cli` for commands on the machine itself"))
    request_id = fields.String(metadata=_said("The request's id in the service's log"))
    count = fields.Integer(metadata=_said("So many alike within a minute, of what is counted: refusals, deliveries"))


class AuditPage(Answer):
    """Entries, newest first."""

    json_schema: ClassVar[dict[str, Any]] = {"example": {"items": [EXAMPLE], "next": None}}

    items = fields.List(fields.Nested(AuditEntry))
    next = fields.String(allow_none=True, metadata=_said("Cursor of the next page; null on the last"))
