"""Whether this process lives, and whether it can serve. Without a key, for whoever restarts or routes."""

from __future__ import annotations

import os
from typing import Any

from topmast_service.api import contract
from topmast_service.api.http_errors import Unready
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.health import Health
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.errors import Invalid
from topmast_service.store.connection import UNAVAILABLE


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("health", __name__, description="Is it there, can it serve")

    @routes.route("/livez", methods=["GET"])
    @routes.operation("getLiveness", keyed=False, counted=False, raises=[Invalid])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, Health, description="The process answers", headers=contract.headers())
    def livez(_: dict[str, Any]) -> dict[str, Any]:
        """Whether the process answers."""
        return {"status": "ok"}

    @routes.route("/readyz", methods=["GET"])
    @routes.operation("getReadiness", keyed=False, counted=False, raises=[Invalid, Unready])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, Health, description="Store and disk answer", headers=contract.headers())
    def readyz(_: dict[str, Any]) -> dict[str, Any]:
        """Whether the job store and the disk answer too."""
        missing = [what for what in (_store(api), _disk(api)) if what]
        if missing:
            raise Unready(errors=missing, retry_after=5)
        return {"status": "ok"}

    return routes


def _store(api: Api) -> dict[str, Any] | None:
    try:
        api.stores.redis.ping()
    except UNAVAILABLE as error:
        return {"pointer": "redis", "detail": f"does not answer ({type(error).__name__})", "suggestions": []}
    return None


def _disk(api: Api) -> dict[str, Any] | None:
    if os.access(api.stores.settings.data, os.R_OK | os.W_OK | os.X_OK):
        return None
    return {"pointer": "data", "detail": "the data folder is not there or not writable", "suggestions": []}
