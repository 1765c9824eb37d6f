"""/schemas: the form of what topmast writes for programs. Without a key: a manifest outlives its topmast's users."""

from __future__ import annotations

from typing import Any

from flask import Response

from topmast_service.api import contract
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.errors import Invalid
from topmast_service.staging import manifest_files

MEDIA_TYPE = "application/schema+json"


def make() -> Routes:
    """The route."""
    routes = Routes("schemas", __name__, description="The form of what topmast writes")

    @routes.route(manifest_files.SCHEMA, methods=["GET"])
    @routes.operation("getManifestSchema", keyed=False, raises=[Invalid])
    @routes.arguments(NoQuery, location="query")
    @routes.response(
        200, {"type": "object"}, content_type=MEDIA_TYPE, description="JSON Schema 2020-12", headers=contract.headers()
    )
    def manifest_schema(_: dict[str, Any]) -> Response:
        """The JSON Schema of `manifest.json`, by the address that every manifest names as its `$schema`."""
        return Response(manifest_files.schema(), mimetype=MEDIA_TYPE)

    return routes
