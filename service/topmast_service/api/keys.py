"""/v1/me/keys: a user's own API keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from topmast_service.api import contract
from topmast_service.api.auth import identity, require_key, user
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.accounts import KeyList, KeyRequest, MadeKey, Rotation
from topmast_service.api.schemas.parameters import IdempotencyHeader, NoQuery
from topmast_service.container import Api
from topmast_service.domain.scopes import granted
from topmast_service.errors import Expired, IdempotencyMismatch, TooManyKeys, UnknownKey
from topmast_service.store.key_records import KeyFacts
from topmast_service.store.keys import NewKey
from topmast_service.store.users import User

Document = dict[str, Any]
ID = {
    "in": "path",
    "name": "key_id",
    "description": "The key, by the second part of it",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{8}$"},
    "example": "5d1f0c9a",
}
NOT_MADE = (TooManyKeys, Expired, IdempotencyMismatch)
MADE = contract.headers("Idempotency-Replayed")


def document(facts: KeyFacts, owner: User) -> Document:
    """What may be shown of a key."""
    return {**vars(facts), "scopes": granted(owner.role, facts.scopes)}


def answer(made: tuple[NewKey, bool], owner: User) -> tuple[Document, dict[str, str]]:
    """A new key, shown this once: a repeat has none to show, and nobody between may keep the answer."""
    new, repeated = made
    headers = {"Cache-Control": "no-store", **({"Idempotency-Replayed": "true"} if repeated else {})}
    return {**document(new.facts, owner), "key": new.secret or None}, headers


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("keys", __name__, url_prefix="/v1/me/keys", description="Your API keys")
    require_key(routes, api.stores)
    keys = api.stores.keys

    @routes.route("", methods=["GET"])
    @routes.operation("listKeys")
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, KeyList, description="Your keys", headers=contract.headers())
    def list_keys(_: Document) -> Document:
        """Your keys: never the keys themselves. `last_used` is noted at most once a minute."""
        return {"items": [document(facts, user()) for facts in keys.of(user().name)]}

    @routes.route("", methods=["POST"])
    @routes.operation("createKey", raises=[*OF_BODIES, *NOT_MADE])
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(KeyRequest)
    @routes.response(201, MadeKey, description="The key, shown this once", headers=MADE)
    def create_key(headers: dict[str, str], _: Document, body: Document) -> tuple[Document, dict[str, str]]:
        """Make a key that may no more than the one that asks for it, nor open for longer.

        Without `scopes` it has the usual ones of the key that asks, without `expires` that key's end. A repeated
        Idempotency-Key answers what may be shown of the key, and `key` is null.
        """
        return answer(api.accounts.new_key(identity(), body, headers.get("idempotency_key")), user())

    @routes.route("/<key_id>", methods=["DELETE"], parameters=[ID])
    @routes.operation("revokeKey", raises=[UnknownKey])
    @routes.arguments(NoQuery, location="query")
    @routes.response(204, description="It opens nothing", headers=contract.headers())
    def revoke_key(_: Document, key_id: str) -> None:
        """Make a key worthless at once, also the one that asks."""
        keys.revoke(user().name, key_id)

    @routes.route("/<key_id>/rotate", methods=["POST"], parameters=[ID])
    @routes.operation("rotateKey", raises=[UnknownKey, *NOT_MADE])
    @routes.arguments(IdempotencyHeader, location="headers")
    @routes.arguments(Rotation, location="query")
    @routes.response(201, MadeKey, description="The key in its place, shown this once", headers=MADE)
    def rotate_key(headers: dict[str, str], query: Document, key_id: str) -> tuple[Document, dict[str, str]]:
        """Replace a key by one with the same scopes and label, that opens for as long as the old one was to.

        The old one ends at once, or after `overlap` seconds: give some when it is the key that asks, since an answer
        that gets lost cannot be had again. A repeated Idempotency-Key answers what may be shown of the new key, and
        `key` is null.
        """
        overlap = timedelta(seconds=query["overlap"])
        return answer(api.accounts.rotate(identity(), key_id, overlap, headers.get("idempotency_key")), user())

    return routes
