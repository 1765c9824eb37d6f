"""Baskets over HTTP: one's own, by name, in versions, and the same again for a request that is repeated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site
from topmast_service.config import Settings
from topmast_service.workflows.baskets import Limits

URI = "mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits"
KEY = {"Idempotency-Key": "k-1"}


def made(client: FlaskClient, name: str = "m57", *uris: str) -> str:
    basket: str = client.post("/v1/baskets", json={"name": name}).json["id"]
    if uris:
        assert client.post(f"/v1/baskets/{basket}/items", json={"from": {"uris": uris}}).status_code == 200
    return basket


def test_a_basket_from_begin_to_end(client: FlaskClient) -> None:
    answer = client.post("/v1/baskets", json={"name": "m57"})
    assert (answer.status_code, answer.headers["Location"]) == (201, answer.json["links"]["self"])
    here = answer.json["links"]["self"]
    assert answer.json["totals"] == dict.fromkeys(answer.json["totals"], 0)
    assert client.get(here).json == {**answer.json, "destruction": client.get(here).json["destruction"]}
    put = client.post(f"{here}/items", json={"from": {"uris": [URI, "mast:GALEX/a.fits"]}}).json
    assert (put["count"], put["barred"]) == (2, 1)
    assert [(m["name"], m["count"], m["barred"]) for m in put["basket"]["missions"]] == [
        ("GALEX", 1, 1),
        ("JWST", 1, 0),
    ]
    (barred,) = client.get(f"{here}/items?where=why_not:null:false").json["items"]
    assert (barred["ticked"], barred["why_not"]) == (False, "GALEX cannot be staged")
    gone = client.delete(f"{here}/items?where=obs_collection:eq:GALEX").json
    assert (gone["count"], gone["basket"]["totals"]["count"]) == (1, 1)
    second = made(client, "other")
    assert [basket["id"] for basket in client.get("/v1/baskets").json["items"]] == [second, answer.json["id"]]
    assert client.delete(here).status_code == 204
    assert client.get(here).json["code"] == "unknown_basket"
    assert [basket["id"] for basket in client.get("/v1/baskets").json["items"]] == [second]


def test_anothers_basket_does_not_exist(client: FlaskClient, site: Site) -> None:
    basket, bob = made(client, "m57", URI), site.client("bob")
    here = f"/v1/baskets/{basket}"
    answers = [
        bob.get(here),
        bob.patch(here, json={"name": "mine"}),
        bob.delete(here),
        bob.get(f"{here}/facets"),
        bob.get(f"{here}/items"),
        bob.get(f"{here}/items?parent="),
        bob.post(f"{here}/items", json={"from": {"uris": [URI]}}),
        bob.patch(f"{here}/items", json={"ticked": False}),
        bob.delete(f"{here}/items"),
    ]
    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(404, "unknown_basket")}
    assert bob.get("/v1/baskets").json == {"items": []}
    assert made(bob, "m57") != basket
    assert client.get(here).json["totals"]["ticked"] == 1


def test_a_name_is_changed_only_where_nothing_else_was(client: FlaskClient) -> None:
    basket = made(client, "m57", URI)
    here, tag = f"/v1/baskets/{basket}", client.get(f"/v1/baskets/{basket}").headers["ETag"]
    renamed = client.patch(here, json={"name": "ring"}, headers={"If-Match": tag})
    assert (renamed.status_code, renamed.json["name"], renamed.json["totals"]["count"]) == (200, "ring", 1)
    assert client.patch(here, json={"name": "x"}, headers={"If-Match": tag}).json["code"] == "precondition_failed"
    tag = renamed.headers["ETag"]
    client.patch(f"{here}/items", json={"ticked": False})
    assert client.patch(here, json={"name": "x"}, headers={"If-Match": tag}).status_code == 412
    assert client.patch(here, json={"name": "x"}, headers={"If-Match": "*"}).status_code == 200
    assert client.patch(here, json={"name": "y"}).json["name"] == "y"
    made(client, "taken")
    assert client.patch(here, json={"name": "taken"}).json["code"] == "basket_exists"
    assert client.post("/v1/baskets", json={"name": "y"}).status_code == 409


@pytest.mark.parametrize("name", ["", "a\tb", "x" * 101, 7, None])
def test_what_is_no_name(client: FlaskClient, name: Any) -> None:
    assert client.post("/v1/baskets", json={"name": name}).status_code == 422


def test_a_repeated_request_makes_one_basket(client: FlaskClient, site: Site) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda c: c.post("/v1/baskets", json={"name": "a"}, headers=KEY), [site.client()] * 6))
    assert {(answer.status_code, answer.json["id"]) for answer in answers} == {(201, answers[0].json["id"])}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    other = client.post("/v1/baskets", json={"name": "b"}, headers=KEY)
    assert (other.status_code, other.json["code"]) == (409, "idempotency_mismatch")
    client.delete(f"/v1/baskets/{answers[0].json['id']}")
    assert client.post("/v1/baskets", json={"name": "a"}, headers=KEY).status_code == 410
    assert client.get("/v1/baskets").json["items"] == []


def test_a_repeated_request_puts_files_in_once(client: FlaskClient, site: Site) -> None:
    here, body = f"/v1/baskets/{made(client)}/items", {"from": {"uris": [URI]}}
    first = client.post(here, json=body, headers=KEY)
    client.delete(here)
    again = client.post(here, json=body, headers=KEY)
    assert (again.status_code, again.json["count"], again.headers["Idempotency-Replayed"]) == (200, 1, "true")
    assert (first.json["basket"]["totals"]["count"], again.json["basket"]["totals"]["count"]) == (1, 0)
    asked = {"from": {"observations": ["jw01558-o001_t001_miri_f1000w"]}}
    assert client.post(here, json=asked, headers=KEY).json["code"] == "idempotency_mismatch"
    headers = {"Idempotency-Key": "k-2"}
    begun, repeated = (client.post(here, json=asked, headers=headers) for _ in range(2))
    assert (begun.status_code, repeated.status_code) == (202, 202)
    assert begun.json["id"] == repeated.json["id"]
    assert (begun.headers["Location"], repeated.headers["Idempotency-Replayed"]) == (
        f"/v1/jobs/{begun.json['id']}", "true",
    )  # fmt: skip
    assert len(site.woken) == 1


def test_limits_say_what_they_are(site: Site) -> None:
    baskets = replace(site.api.baskets, limits=Limits(baskets=2, items=1))
    site.api = replace(site.api, baskets=baskets, additions=replace(site.api.additions, baskets=baskets))
    client = site.client()
    first = made(client, "a")
    made(client, "b")
    third = client.post("/v1/baskets", json={"name": "c"})
    assert (third.status_code, third.json["code"]) == (409, "too_many_baskets")
    assert "2" in third.json["detail"]
    full = client.post(f"/v1/baskets/{first}/items", json={"from": {"uris": [URI, f"{URI}.gz"]}})
    assert (full.status_code, full.json["code"]) == (409, "basket_full")
    assert (Settings().baskets_per_user, Settings().basket_items) == (100, 500_000)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("where=nonsense:eq:1", "unknown_column"),
        ("where=size:eq:big", "invalid"),
        ("sort=nonsense", "unknown_column"),
        ("columns=nonsense", "unknown_column"),
        ("cursor=abc", "cursor_mismatch"),
        ("parent=&cursor=abc", "cursor_mismatch"),
        ("wher=size:gt:1", "invalid"),
    ],
)
def test_questions_that_cannot_be_read(client: FlaskClient, query: str, code: str) -> None:
    here = f"/v1/baskets/{made(client, 'm57', URI)}/items"
    assert client.get(f"{here}?{query}").json["code"] == code
    if query.startswith("where"):
        assert client.patch(f"{here}?{query}", json={"ticked": False}).json["code"] == code
        assert client.delete(f"{here}?{query}").json["code"] == code
        assert client.get(here).json["items"][0]["ticked"] is True


def test_rows_in_order_and_pages(client: FlaskClient) -> None:
    uris = [f"mast:JWST/product/{n:03}.fits" for n in range(25)]
    here = f"/v1/baskets/{made(client, 'm57', *uris)}/items"
    client.delete(f"{here}?where=_row:le:5")
    names, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{here}?limit=7&sort=-productFilename{cursor and '&cursor='}{cursor}").json
        names += [row["productFilename"] for row in page["items"]]
        assert page["total"] == 20
        cursor = page["next"]
    assert names == [f"{n:03}.fits" for n in range(24, 4, -1)]
    client.post(here, json={"from": {"uris": uris[:5]}})
    client.delete(f"{here}?where=_row:gt:25")
    client.post(here, json={"from": {"uris": uris[:5]}})
    assert min(row["_row"] for row in client.get(f"{here}?where=productFilename:lt:005").json["items"]) > 30
    facets = client.get(f"{here.removesuffix('/items')}/facets?columns=extension&where=_row:gt:25").json
    assert (facets["matching"], facets["total"]) == (5, 25)
