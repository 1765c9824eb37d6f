"""/v1/filenames/{filename}: what a file name says."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract
from topmast_service.api.auth import require_key
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.filenames import EXAMPLE_NAME, FileNameDocument
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.domain.filename import LONGEST, FileName, explain
from topmast_service.errors import UnknownFilename

_NAME = {
    "in": "path",
    "name": "filename",
    "description": "The name of a file, or its stem (`obs_id`), without a path. Capitals do not count",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST},
    "example": EXAMPLE_NAME,
}


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("filenames", __name__, url_prefix="/v1/filenames", description="What file names say")
    require_key(routes, api.stores)

    @routes.route("/<filename>", methods=["GET"], parameters=[_NAME])
    @routes.operation("explainFilename", raises=[UnknownFilename])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, FileNameDocument, description="Its parts", headers=contract.headers())
    def explain_filename(_: dict[str, Any], filename: str) -> FileName:
        """A file name, part by part: program, exposure or association, content, level.

        Asked of nobody: it says what the name means, not whether MAST has the file. A name that cannot be read is not
        found, and the error tells what of it was understood.
        """
        return explain(filename)

    return routes
