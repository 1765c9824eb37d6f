"""/v1/admin: operators look after users and their keys."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site
from tests.identity.conftest import with_key

AGAIN = {"Idempotency-Key": "k-1"}


def test_a_user_is_made_gets_a_key_and_is_disabled(operator: FlaskClient, site: Site) -> None:
    made = operator.post("/v1/admin/users", json={"name": "vera", "email": "vera@example.org", "role": "portal"})
    assert (made.status_code, made.headers["Location"]) == (201, "/v1/admin/users/vera")
    assert operator.get(made.headers["Location"]).json == made.json
    assert "vera" in [user["name"] for user in operator.get("/v1/admin/users").json["items"]]
    key = operator.post("/v1/admin/users/vera/keys", json={"scopes": ["read"]})
    vera = with_key(site, key.json["key"])
    assert vera.get("/v1/me").json["role"] == "portal"
    assert operator.patch("/v1/admin/users/vera", json={"disabled": True}).json["disabled"] is True
    assert vera.get("/v1/me").status_code == 401
    operator.patch("/v1/admin/users/vera", json={"disabled": False, "role": "member"})
    assert vera.get("/v1/me").json["role"] == "member"
    (listed,) = operator.get("/v1/admin/users/vera/keys").json["items"]
    assert listed["id"] == key.json["id"]
    assert "key" not in listed
    assert operator.delete(f"/v1/admin/users/vera/keys/{listed['id']}").status_code == 204
    assert vera.get("/v1/me").status_code == 401


def test_a_name_is_taken_once_and_a_repeat_finds_the_same(operator: FlaskClient, site: Site) -> None:
    first = operator.post("/v1/admin/users", json={"name": "vera"}, headers=AGAIN)
    again = operator.post("/v1/admin/users", json={"name": "vera"}, headers=AGAIN)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert operator.post("/v1/admin/users", json={"name": "vera"}).json["code"] == "user_exists"


def test_a_refused_request_that_is_repeated_changes_nobody(operator: FlaskClient, site: Site) -> None:
    body = {"name": "ann", "role": "operator", "email": "x@example.org"}
    for _ in range(2):
        assert operator.post("/v1/admin/users", json=body, headers=AGAIN).json["code"] == "user_exists"
    assert site.api.stores.users.get("ann").role == "member"


def test_a_repeated_key_is_not_shown_again(operator: FlaskClient) -> None:
    first = operator.post("/v1/admin/users/ann/keys", json={}, headers=AGAIN)
    again = operator.post("/v1/admin/users/ann/keys", json={}, headers=AGAIN)
    assert again.json == {**first.json, "key": None}
    other = operator.post("/v1/admin/users/bob/keys", json={}, headers=AGAIN)
    assert other.json["id"] != first.json["id"]


def test_a_key_has_what_its_user_s_role_allows(operator: FlaskClient) -> None:
    refused = operator.post("/v1/admin/users/ann/keys", json={"scopes": ["admin"]})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/scopes")
    operator.patch("/v1/admin/users/ann", json={"role": "operator"})
    assert operator.post("/v1/admin/users/ann/keys", json={"scopes": ["admin"]}).status_code == 201


@pytest.mark.parametrize("body", [{"disabled": True}, {"role": "member"}, {"role": "portal"}])
def test_operators_do_not_shut_themselves_out(operator: FlaskClient, body: dict[str, object]) -> None:
    assert operator.patch("/v1/admin/users/olga", json=body).status_code == 422
    assert (
        operator.patch("/v1/admin/users/olga", json={"email": "o@example.org", "role": "operator"}).status_code == 200
    )


@pytest.mark.parametrize("path", ["users/nobody", "users/nobody/keys", "users/%00", "users/..%2Fann/keys"])
def test_who_is_unknown_is_not_found(operator: FlaskClient, path: str) -> None:
    assert operator.get(f"/v1/admin/{path}").status_code == 404


def test_a_key_is_revoked_for_its_own_user_only(operator: FlaskClient, site: Site) -> None:
    of_bob = site.api.stores.keys.of("bob")[0].id
    assert operator.delete(f"/v1/admin/users/ann/keys/{of_bob}").json["code"] == "unknown_key"
    assert site.client("bob").get("/v1/me").status_code == 200


def test_the_links_of_a_disabled_user_open_nothing(operator: FlaskClient, site: Site) -> None:
    bundle = site.bundle().id
    link = site.client("ann").post(f"/v1/bundles/{bundle}/links", json={"path": ""}).json["url"]
    path = link[link.index("/d/") :]
    stranger = site.client(None)
    assert stranger.get(path).status_code == 200
    operator.patch("/v1/admin/users/ann", json={"disabled": True})
    assert stranger.get(path).status_code == 410
