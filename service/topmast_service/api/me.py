"""Who asks."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract
from topmast_service.api.auth import require_key, user
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.health import Me
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.store.users import User


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("me", __name__, url_prefix="/v1/me", description="The user a key belongs to")
    require_key(routes, api.stores)

    @routes.route("", methods=["GET"])
    @routes.operation("getMe")
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, Me, description="The user", headers=contract.headers())
    def me(_: dict[str, Any]) -> User:
        """Who the key belongs to."""
        return user()

    return routes
