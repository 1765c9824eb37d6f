"""/v1/admin/users: who may use this topmast, for operators."""

from __future__ import annotations

from typing import Any

from topmast_service.api import contract
from topmast_service.api.auth import require_key, user
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.accounts import UserChange, UserDocument, UserList, UserRequest
from topmast_service.api.schemas.parameters import IdempotencyHeader, NoQuery
from topmast_service.container import Api
from topmast_service.domain.scopes import ADMIN
from topmast_service.errors import Expired, IdempotencyMismatch, NotFound, UserExists
from topmast_service.store.users import USER_NAME, User

NAME = {
    "in": "path",
    "name": "name",
    "description": "The user",
    "schema": {"type": "string", "pattern": f"^{USER_NAME.pattern}$"},
    "example": "vera",
}


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("admin-users", __name__, url_prefix="/v1/admin/users", description="All users; for operators")
    require_key(routes, api.stores)

    @routes.route("", methods=["GET"])
    @routes.operation("listUsers", scope=ADMIN)
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, UserList, description="All users", headers=contract.headers())
    def list_users(_: dict[str, Any]) -> dict[str, Any]:
        """All users, by name."""
        return {"items": api.stores.users.everybody()}

    @routes.route("", methods=["POST"])
    @routes.operation("createUser", scope=ADMIN, raises=[*OF_BODIES, UserExists, Expired, IdempotencyMismatch])
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(UserRequest)
    @routes.response(
        201, UserDocument, description="The user is known", headers=contract.headers("Location", "Idempotency-Replayed")
    )
    def create_user(headers: dict[str, str], _: dict[str, Any], body: dict[str, str]) -> tuple[User, dict[str, str]]:
        """Create a user. Their first key is made with `POST /v1/admin/users/{name}/keys`."""
        made, repeated = api.accounts.new_user(user(), body, headers.get("idempotency_key"))
        replayed = {"Idempotency-Replayed": "true"} if repeated else {}
        return made, {"Location": f"/v1/admin/users/{made.name}", **replayed}

    @routes.route("/<name>", methods=["GET"], parameters=[NAME])
    @routes.operation("getUser", scope=ADMIN, raises=[NotFound])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, UserDocument, description="The user", headers=contract.headers())
    def get_user(_: dict[str, Any], name: str) -> User:
        """A user."""
        return api.stores.users.get(name)

    @routes.route("/<name>", methods=["PATCH"], parameters=[NAME])
    @routes.operation("changeUser", scope=ADMIN, raises=[*OF_BODIES, NotFound])
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(UserChange)
    @routes.response(200, UserDocument, description="As it is now", headers=contract.headers())
    def change_user(_: dict[str, Any], body: dict[str, Any], name: str) -> User:
        """Change a user's address or role, or disable them: then no key or link of theirs opens anything.

        Nobody is removed: what they made stays theirs, and jobs go on. Operators cannot shut themselves out.
        """
        return api.accounts.change_user(user(), name, body)

    return routes
