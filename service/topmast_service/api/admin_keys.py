"""/v1/admin/users/{name}/keys: everybody's API keys, for operators."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract
from topmast_service.api.admin_users import NAME
from topmast_service.api.auth import require_key, user
from topmast_service.api.keys import ID, MADE, NOT_MADE, answer, document
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.accounts import KeyList, KeyRequest, MadeKey
from topmast_service.api.schemas.parameters import IdempotencyHeader, NoQuery
from topmast_service.container import Api
from topmast_service.domain.scopes import ADMIN
from topmast_service.errors import NotFound, UnknownKey

Document = dict[str, Any]


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes(
        "admin-keys", __name__, url_prefix="/v1/admin/users/<name>/keys", description="All users' keys; for operators"
    )
    require_key(routes, api.stores)
    users, keys = api.stores.users, api.stores.keys

    @routes.route("", methods=["GET"], parameters=[NAME])
    @routes.operation("listUserKeys", scope=ADMIN, raises=[NotFound])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, KeyList, description="The user's keys", headers=contract.headers())
    def list_user_keys(_: Document, name: str) -> Document:
        """A user's keys: never the keys themselves."""
        owner = users.get(name)
        return {"items": [document(facts, owner) for facts in keys.of(name)]}

    @routes.route("", methods=["POST"], parameters=[NAME])
    @routes.operation("createUserKey", scope=ADMIN, raises=[*OF_BODIES, NotFound, *NOT_MADE])
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(KeyRequest)
    @routes.response(201, MadeKey, description="The key, shown this once", headers=MADE)
    def create_user_key(
        headers: dict[str, str], _: Document, body: Document, name: str
    ) -> tuple[Document, dict[str, str]]:
        """Make a key for a user, with any scope that their role allows.

        A repeated Idempotency-Key answers what may be shown of the key, and `key` is null.
        """
        made = api.accounts.key_for(user(), name, body, headers.get("idempotency_key"))
        return answer(made, users.get(name))

    @routes.route("/<key_id>", methods=["DELETE"], parameters=[NAME, ID])
    @routes.operation("revokeUserKey", scope=ADMIN, raises=[UnknownKey])
    @routes.arguments(NoQuery, location="query")
    @routes.response(204, description="It opens nothing", headers=contract.headers())
    def revoke_user_key(_: Document, name: str, key_id: str) -> None:
        """Make a user's key worthless at once."""
        keys.revoke(name, key_id)

    return routes
