"""Who asks."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract
from topmast_service.api.auth import actor, identity, require_key
from topmast_service.api.counting import allowance
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.accounts import Me, MeChange
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.domain.quota import Used
from topmast_service.domain.scopes import ANY
from topmast_service.store.users import User


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("me", __name__, url_prefix="/v1/me", description="The user a key belongs to")
    require_key(routes, api.stores)

    @routes.route("", methods=["GET"])
    @routes.operation("getMe", scope=ANY)
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, Me, description="The user", headers=contract.headers())
    def me(_: dict[str, Any]) -> dict[str, Any]:
        """Who the key belongs to, or who it acts for, what it may, and what they may have."""
        return _document(api, identity().user)

    @routes.route("", methods=["PATCH"])
    @routes.operation("changeMe", raises=OF_BODIES)
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(MeChange)
    @routes.response(200, Me, description="As it is now", headers=contract.headers())
    def change_me(_: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Change your address. Jobs that were submitted before keep the one that they had."""
        return _document(api, api.stores.users.change(identity().user.name, **body))

    return routes


def _quotas(api: Api) -> dict[str, Any]:
    counted = allowance()
    rate = Used(counted.quota, counted.used) if counted else Used(0, 0)
    return {**api.quotas.document(identity().user.name), "requests_per_minute": rate.document()}


def _document(api: Api, user: User) -> dict[str, Any]:
    found = identity()
    return {
        **vars(user),
        "scopes": found.scopes,
        "key_id": found.key_id,
        "expires": found.expires,
        "actor": actor().name,
        "quotas": _quotas(api),
    }
