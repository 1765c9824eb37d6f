"""/v1/programs/{id}/access: who in the group has proven access to a program."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields

from topmast_service.api import contract
from topmast_service.api.auth import require_key
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.fields import Answer, Moment
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.errors import NotFound

_NUMBER = re.compile(r"[0-9]{1,5}")
PROGRAM = {
    "in": "path",
    "name": "program",
    "description": "Number of a JWST program",
    "schema": {"type": "string", "pattern": "^[0-9]{1,5}$"},
    "example": "1558",
}


class Holder(Answer):
    """A user whose MAST token has opened exclusive files of the program."""

    user = fields.String(metadata={"example": "alice"})
    since = Moment(metadata={"description": "When MAST first showed it"})
    last = Moment(metadata={"description": "When MAST last showed it"})
    current = fields.Boolean(metadata={"description": "Whether that is so lately that it still counts"})


class ProgramAccess(Answer):
    """Who has shown to be on a program."""

    program = fields.String(metadata={"example": "1558"})
    users = fields.List(fields.Nested(Holder))


def make(api: Api) -> Routes:
    """The route."""
    routes = Routes("programs", __name__, url_prefix="/v1/programs", description="Who has access to a program")
    require_key(routes, api.stores)

    @routes.route("/<program>/access", methods=["GET"], parameters=[PROGRAM])
    @routes.operation("getProgramAccess", raises=[NotFound])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, ProgramAccess, description="Who, and since when", headers=contract.headers())
    def get_program_access(_: dict[str, Any], program: str) -> dict[str, Any]:
        """Who of this topmast's users has proven access to a program's exclusive files, and since when.

        MAST proves it, whenever a token opens a file that nobody gets without one. Grants are given and taken in MyST;
        topmast adds none, and nobody may have a file because they stand here.
        """
        if not _NUMBER.fullmatch(program):
            raise NotFound(f"{program[:40]!r} is no number of a program.")
        number = program.lstrip("0") or "0"
        return {"program": number, "users": [vars(grant) for grant in api.rights.proofs.grants(number)]}

    return routes
