"""A user's MAST token: what comes in, and the little that goes out."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Answer, Moment, Pattern, Request
from topmast_service.domain.token_life import ENDING, ENDING_SOON, REFUSED

_TOKEN = Pattern(r"[A-Za-z0-9._~+/=-]{8,256}", "This cannot be a MAST token: 8 to 256 letters and digits.")


class TokenRequest(Request):
    """The token, as auth.mast.stsci.edu showed it."""

    json_schema: ClassVar[dict[str, Any]] = {"example": {"token": "0123456789abcdef0123456789abcdef"}}

    token = fields.String(
        required=True,
        validate=_TOKEN,
        metadata={"writeOnly": True, "description": "Needs the scope mast:exclusive_access. Never shown again"},
    )


class TokenNotice(Answer):
    """Something that you were told of your token by mail."""

    notice = fields.String(
        validate=validate.OneOf([REFUSED, ENDING, ENDING_SOON]),
        metadata={"description": "`ending`: 7 days before `end`; `ending_soon`: 1 day; `refused`: MAST refused it"},
    )
    at = Moment(metadata={"description": "When the message left"})


class TokenFacts(Answer):
    """What may be said of a stored token; without one, all but the first two are null."""

    json_schema: ClassVar[dict[str, Any]] = {
        "example": {
            "stored": True,
            "accepted": True,
            "name": "Ann Example",
            "scopes": ["mast:user:info", "mast:exclusive_access"],
            "since": "2026-07-01T12:00:00.000Z",
            "used": "2026-07-03T09:30:00.000Z",
            "idle_end": "2026-07-13T09:30:00.000Z",
            "end": "2026-08-30T12:00:00.000Z",
            "refused": None,
            "told": [{"notice": "ending", "at": "2026-08-23T12:00:04.000Z"}],
        }
    }

    stored = fields.Boolean(metadata={"description": "Whether there is one"})
    accepted = fields.Boolean(metadata={"description": "Whether MAST took it when it was last used"})
    name = fields.String(allow_none=True, metadata={"description": "The user, as MAST calls them"})
    scopes = fields.List(fields.String(), allow_none=True, metadata={"description": "What MAST says it is good for"})
    since = Moment(allow_none=True, metadata={"description": "When it was stored here"})
    used = Moment(allow_none=True, metadata={"description": "When topmast last used it"})
    idle_end = Moment(allow_none=True, metadata={"description": "When MAST ends it unless it is used before: 10 days"})
    end = Moment(
        allow_none=True,
        metadata={"description": "When MAST ends it at the latest: 60 days; sooner if it was made before `since`"},
    )
    refused = Moment(allow_none=True, metadata={"description": "When MAST did not accept it; null while it does"})
    told = fields.List(
        fields.Nested(TokenNotice), allow_none=True, metadata={"description": "What you were told by mail"}
    )
