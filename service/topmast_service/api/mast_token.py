"""/v1/me/mast-token: a user's own token at MAST."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract
from topmast_service.api.auth import require_key, user
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.mast_token import TokenFacts, TokenRequest
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.errors import BadMastToken, UpstreamDown


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("mast-token", __name__, url_prefix="/v1/me/mast-token", description="Your own token at MAST")
    require_key(routes, api.stores)

    @routes.route("", methods=["PUT"])
    @routes.operation("storeMastToken", raises=[*OF_BODIES, BadMastToken, UpstreamDown])
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(TokenRequest)
    @routes.response(204, description="MAST accepts it; it is stored", headers=contract.headers())
    def store_mast_token(_: dict[str, Any], body: dict[str, Any]) -> None:
        """Store your MAST token.

        MAST is asked at once whose it is. It is kept encrypted, used for your jobs only, sent to MAST only and for what
        needs it only, and never shown. Searches that wait for it (HELD, `needs_token`) go on.
        """
        api.mast_tokens.put(user().name, body["token"])

    @routes.route("", methods=["GET"])
    @routes.operation("getMastToken")
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, TokenFacts, description="What may be said of it", headers=contract.headers())
    def get_mast_token(_: dict[str, Any]) -> dict[str, Any]:
        """Whether a MAST token of yours is stored, and until when it is good; never the token."""
        return api.mast_tokens.told(user().name)

    @routes.route("", methods=["DELETE"])
    @routes.operation("forgetMastToken")
    @routes.arguments(NoQuery, location="query")
    @routes.response(204, description="None is stored", headers=contract.headers())
    def forget_mast_token(_: dict[str, Any]) -> None:
        """Forget your MAST token here. At MAST it lives on until you revoke it there."""
        api.mast_tokens.forget(user().name)

    return routes
