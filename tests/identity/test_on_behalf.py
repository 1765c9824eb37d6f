"""A portal asks for a user: what is made is that user's, and the portal may no more than they and its own key."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.site import Site, ended_at_once
from tests.identity.conftest import Sign
from tests.identity.test_scopes import ALL, Operation, takes_body
from topmast_service.api import auth
from topmast_service.domain.scopes import SCOPES

FOR_ANN = {"X-On-Behalf-Of": "ann"}
AGAIN = {"Idempotency-Key": "k-1"}
BODY = {"target": "m57 r=1m"}


def test_what_a_portal_makes_is_the_user_s(portal: FlaskClient, site: Site) -> None:
    made = portal.post("/v1/searches", json=BODY, headers=FOR_ANN)
    assert (made.status_code, made.json["owner"]) == (202, "ann")
    assert site.client("ann").get(made.headers["Location"]).status_code == 200
    assert portal.get(made.headers["Location"]).status_code == 404
    assert portal.get(made.headers["Location"], headers=FOR_ANN).status_code == 200
    assert site.client("bob").get(made.headers["Location"]).status_code == 404
    portal.post("/v1/bundles", json={"from": {"observations": ["a"]}}, headers=FOR_ANN)
    assert site.woken[-1].owed_at_end == ("ready ann@example.org",)


def test_baskets_and_the_mast_token_are_the_user_s(portal: FlaskClient, site: Site) -> None:
    basket = portal.post("/v1/baskets", json={"name": "b"}, headers=FOR_ANN).json
    assert [item["id"] for item in site.client("ann").get("/v1/baskets").json["items"]] == [basket["id"]]
    assert portal.get("/v1/baskets").json["items"] == []
    assert portal.get("/v1/me/mast-token", headers=FOR_ANN).json["stored"] is False


def test_idempotency_keys_are_the_user_s(portal: FlaskClient, site: Site) -> None:
    ids = {
        who: portal.post("/v1/searches", json=BODY, headers={**AGAIN, **headers}).json["id"]
        for who, headers in {"gate": {}, "ann": FOR_ANN, "bob": {"X-On-Behalf-Of": "bob"}}.items()
    }
    assert len(set(ids.values())) == 3
    for job in site.woken[:]:
        ended_at_once(site.api, job)
    own = site.client("ann").post("/v1/searches", json=BODY, headers=AGAIN)
    assert (own.json["id"], own.headers["Idempotency-Replayed"]) == (ids["ann"], "true")


def test_who_is_asked_for_and_whose_key_it_is(portal: FlaskClient) -> None:
    own, acting = portal.get("/v1/me").json, portal.get("/v1/me", headers=FOR_ANN).json
    assert (own["name"], own["actor"], own["role"]) == ("gate", "gate", "portal")
    assert (acting["name"], acting["actor"], acting["role"]) == ("ann", "gate", "member")
    assert (acting["email"], acting["key_id"]) == ("ann@example.org", own["key_id"])


def test_the_record_of_who_did_it_has_both(site: Site, portal: FlaskClient) -> None:
    """For the audit log, which runs after the request."""
    app: Flask = portal.application
    seen: list[tuple[str, str, str]] = []
    app.after_request(lambda response: seen.append((auth.user().name, auth.actor().name, auth.key_id())) or response)
    portal.get("/v1/jobs", headers=FOR_ANN)
    (facts,) = site.api.stores.keys.of("gate")
    assert seen == [("ann", "gate", facts.id)]


@pytest.mark.parametrize(
    "name", ["nobody", "", "ann,bob", "Ann", "../ann", "ann ann", "\xff", "a" * 4000, "*", "ann\tbob"]
)
def test_an_unknown_user_cannot_be_acted_for(portal: FlaskClient, name: str, site: Site) -> None:
    answer = portal.post("/v1/searches", json=BODY, headers={"X-On-Behalf-Of": name})
    assert (answer.status_code, answer.json["code"]) == (403, "unknown_user")
    assert site.woken == []


def test_nor_can_a_disabled_one(portal: FlaskClient, site: Site) -> None:
    site.api.stores.users.change("ann", disabled=True)
    assert portal.get("/v1/me", headers=FOR_ANN).json["code"] == "unknown_user"


@pytest.mark.parametrize("role", ["member", "operator"])
def test_only_a_portal_acts_for_others(role: str, sign: Sign) -> None:
    client = sign("vera", role)
    for name in ("ann", "vera", "nobody", ""):
        answer = client.get("/v1/me", headers={"X-On-Behalf-Of": name})
        assert (answer.status_code, answer.json["code"]) == (403, "role")


@pytest.mark.parametrize("operation", [o for o in ALL if o.scope == "admin"], ids=str)
def test_nobody_administrates_through_a_portal(
    operation: Operation, portal: FlaskClient, operator: FlaskClient
) -> None:
    assert operator.get("/v1/admin/users").status_code == 200
    body = {} if takes_body(operation) else None
    answer = portal.open(operation.address, method=operation.method, json=body, headers={"X-On-Behalf-Of": "olga"})
    assert (answer.status_code, answer.json["code"]) == (403, "role")


def test_a_portal_s_key_may_no_more_for_others_than_for_itself(sign: Sign, operator: FlaskClient) -> None:
    reading = sign("gate", "portal", scopes=("read",))
    assert reading.post("/v1/searches", json=BODY, headers=FOR_ANN).json["code"] == "scope"
    assert reading.get("/v1/me", headers={"X-On-Behalf-Of": "olga"}).json["scopes"] == ["read"]


def test_a_key_that_a_portal_makes_for_an_operator_cannot_administrate(
    portal: FlaskClient, operator: FlaskClient
) -> None:
    for_olga = {"X-On-Behalf-Of": "olga"}
    assert portal.post("/v1/me/keys", json={"scopes": list(SCOPES)}, headers=for_olga).json["code"] == "scope"
    assert portal.post("/v1/me/keys", json={}, headers=for_olga).json["scopes"] == ["search", "bundle", "read"]
    own = operator.get("/v1/me").json["key_id"]
    assert portal.post(f"/v1/me/keys/{own}/rotate", headers=for_olga).json["code"] == "scope"


def test_the_portal_s_own_key_decides_that_it_may_sign_in_at_all(portal: FlaskClient, site: Site) -> None:
    site.api.stores.users.change("gate", disabled=True)
    assert portal.get("/v1/me", headers=FOR_ANN).status_code == 401


def test_without_a_key_the_header_is_nothing(site: Site) -> None:
    assert site.client(None).get("/v1/me", headers=FOR_ANN).status_code == 401
