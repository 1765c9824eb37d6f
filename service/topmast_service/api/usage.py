"""/v1/admin/usage: who has how much; for operators."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract
from topmast_service.api.auth import require_key
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.quotas import Usage, UsageQuery
from topmast_service.container import Api
from topmast_service.domain.scopes import ADMIN

EITHER = dict.fromkeys(("user", "program", "jobs", "open_jobs"))
"""Members of one of the two kinds of sums."""


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("usage", __name__, url_prefix="/v1/admin/usage", description="Who has how much")
    require_key(routes, api.stores)

    @routes.route("", methods=["GET"])
    @routes.operation("getUsage", scope=ADMIN)
    @routes.arguments(UsageQuery, location="query")
    @routes.response(200, Usage, description="Sums over all records", headers=contract.headers())
    def get_usage(query: dict[str, Any]) -> dict[str, Any]:
        """Jobs, files and bytes by user, or by JWST program; role operator only.

        By program the manifests of all staged bundles are summed, which takes seconds where there are thousands.
        """
        return {"items": [EITHER | vars(one) for one in api.usage.by(query["by"])]}

    return routes
