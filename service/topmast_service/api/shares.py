"""/v1/bundles/{id}/shares/{user}: who else may look at a bundle."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView

from topmast_service.api import contract, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.bundles import ID
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.errors import NotFound, UnknownJob

NAME = {
    "in": "path",
    "name": "user_name",
    "description": "A user of this topmast",
    "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,31}$"},
    "example": "bob",
}


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("shares", __name__, url_prefix="/v1/bundles", description="Who else may look at a bundle")
    require_key(routes, api.stores)

    @routes.route("/<bundle_id>/shares/<user_name>", parameters=[*ID, NAME], tags=["bundles"])
    class Share(MethodView):
        @routes.operation("shareBundle", raises=(UnknownJob, NotFound))
        @routes.arguments(NoQuery, location="query")
        @routes.response(204, description="They may look at it", headers=contract.headers())
        def put(self, _: dict[str, Any], bundle_id: str, user_name: str) -> None:
            """Let another user look at your bundle: document, manifest, files, archives, scripts; also over FTPS.

            Of its files they may have what MAST gives them: what is public, and what their own MAST token opens. They
            cannot change it, nor share it on.
            """
            api.sharing.share(results.one(api, user(), bundle_id, "bundle"), user_name)

        @routes.operation("unshareBundle", raises=(UnknownJob, NotFound))
        @routes.arguments(NoQuery, location="query")
        @routes.response(204, description="They see nothing of it any more", headers=contract.headers())
        def delete(self, _: dict[str, Any], bundle_id: str, user_name: str) -> None:
            """Share your bundle with a user no longer; nothing happens if it was not."""
            api.sharing.end(results.one(api, user(), bundle_id, "bundle"), user_name)

    return routes
