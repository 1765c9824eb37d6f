"""Who asks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from topmast_service.api import contract
from topmast_service.api.auth import require_key, user
from topmast_service.api.counting import allowance
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.health import Me
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.domain.quota import Used


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("me", __name__, url_prefix="/v1/me", description="The user a key belongs to")
    require_key(routes, api.stores.users)

    @routes.route("", methods=["GET"])
    @routes.operation("getMe")
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, Me, description="The user", headers=contract.headers())
    def me(_: dict[str, Any]) -> dict[str, Any]:
        """Who the key belongs to, and what they may have."""
        return {**asdict(user()), "quotas": _quotas(api)}

    return routes


def _quotas(api: Api) -> dict[str, Any]:
    counted = allowance()
    rate = Used(counted.quota, counted.used) if counted else Used(0, 0)
    return {**api.quotas.document(user().name), "requests_per_minute": rate.document()}
