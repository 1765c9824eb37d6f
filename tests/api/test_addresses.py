"""Which address takes which method, and text that is meant to hurt."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.api.site import I2D, Site

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
READ = {"GET", "HEAD"}
ADDRESSES: dict[str, set[str]] = {
    "/livez": READ,
    "/readyz": READ,
    "/openapi.yaml": READ,
    "/docs": READ,
    "/problems": READ,
    "/problems/busy": READ,
    "/schemas/manifest.json": READ,
    "/v1/admin/usage": READ,
    "/v1/me": READ | {"PATCH"},
    "/v1/me/keys": READ | {"POST"},
    "/v1/me/keys/5d1f0c9a": {"DELETE"},
    "/v1/me/keys/5d1f0c9a/rotate": {"POST"},
    "/v1/admin/users": READ | {"POST"},
    "/v1/admin/users/bob": READ | {"PATCH"},
    "/v1/admin/users/bob/keys": READ | {"POST"},
    "/v1/admin/users/bob/keys/5d1f0c9a": {"DELETE"},
    "/v1/me/mast-token": READ | {"PUT", "DELETE"},
    "/v1/admin/audit": READ,
    "/v1/searches": {"POST"},
    "/v1/searches/{search}": READ,
    "/v1/searches/{search}/rows": READ,
    "/v1/searches/{search}/facets": READ,
    "/v1/searches/{search}/sky": READ,
    "/v1/searches/{search}/products": READ,
    "/v1/collections": READ,
    "/v1/collections/observations": READ,
    "/v1/keywords": READ,
    "/v1/keywords/exp_type": READ,
    "/v1/filenames/jw02733-o001_t001_nircam_clear-f090w_i2d.fits": READ,
    "/v1/baskets": READ | {"POST"},
    "/v1/baskets/{basket}": READ | {"PATCH", "DELETE"},
    "/v1/baskets/{basket}/items": READ | {"POST", "PATCH", "DELETE"},
    "/v1/baskets/{basket}/facets": READ,
    "/v1/bundles": {"POST"},
    "/v1/bundles/{bundle}": READ,
    "/v1/bundles/{bundle}/manifest": READ,
    "/v1/bundles/{bundle}/products": READ,
    "/v1/bundles/{bundle}/files": READ,
    "/v1/bundles/{bundle}/files/": READ,
    f"/v1/bundles/{{bundle}}/files/{I2D}": READ,
    "/v1/bundles/{bundle}/archive.zip": READ,
    "/v1/bundles/{bundle}/archive.tar": READ,
    "/v1/jobs": READ,
    "/v1/jobs/{search}": READ | {"PATCH", "DELETE"},
    "/v1/jobs/{search}/citation": READ,
    "/v1/jobs/{search}/abort": {"POST"},
    "/v1/jobs/{search}/hold": {"POST"},
    "/v1/jobs/{search}/run": {"POST"},
    "/v1/jobs/{search}/retry": {"POST"},
    "/v1/bundles/{bundle}/diff": READ,
    "/v1/bundles/{bundle}/arrivals": READ,
    "/v1/bundles/{bundle}/copies": {"POST"},
    "/v1/bundles/{bundle}/script.sh": READ,
    "/v1/bundles/{bundle}/urls.txt": READ,
    "/v1/bundles/{bundle}/aria2.txt": READ,
    "/v1/bundles/{bundle}/links": {"POST"},
    "/v1/bundles/{bundle}/shares/bob": {"PUT", "DELETE"},
    "/v1/programs/1558/access": READ,
    "/d/signature/": READ,
    f"/d/signature/{I2D}": READ,
    "/v1/observations/jw01558-o001_t001_miri_f1000w/mrp.zip": READ,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_address_takes_its_methods_and_no_other(address: str, client: FlaskClient, site: Site) -> None:
    for method in sorted(METHODS):
        path = address.format(search=site.search().id, bundle=site.bundle().id, basket=site.basket())
        answer = client.open(path, method=method, json={} if method == "POST" else None)
        assert (answer.status_code != 405) is (method in ADDRESSES[address]), f"{method} {answer.status_code}"
        if answer.status_code == 405:
            assert set(answer.headers["Allow"].split(", ")) == ADDRESSES[address]


def test_every_route_is_listed_here(site: Site) -> None:
    known = {path.partition("{bundle}/files")[0] for path in ADDRESSES}
    for rule in site.app().url_map.iter_rules():
        path = re.sub("<(.+?)>", lambda found: STANDS_FOR.get(found[1], found[0]), rule.rule)
        assert path.partition("{bundle}/files")[0] in known, rule.rule


STANDS_FOR = {
    "search_id": "{search}",
    "job_id": "{search}",
    "bundle_id": "{bundle}",
    "basket_id": "{basket}",
    "signature": "signature",
    "path:path": I2D,
    "key_id": "5d1f0c9a",
    "name": "bob",
    "obs_id": "jw01558-o001_t001_miri_f1000w",
    "program": "1558",
    "user_name": "bob",
    "code": "busy",
    "collection": "observations",
    "keyword": "exp_type",
    "filename": "jw02733-o001_t001_nircam_clear-f090w_i2d.fits",
}

HOSTILE = ["%00", "%ED%A0%80", "%FF", "%F0%9F%92%A9", "..", "%2e%2e%2f", "%0d%0aX-Y:%20z", "'%20OR%201=1--", "a" * 5000]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_or_finds_nothing(text: str, client: FlaskClient, site: Site) -> None:
    search, bundle = site.search().id, site.bundle().id
    rows = f"/v1/searches/{search}/rows"
    asked = [
        *(f"/v1/{kind}/{text}" for kind in ("jobs", "searches", "bundles")),
        f"/v1/searches/{text}/rows", f"/v1/bundles/{text}/files/x", f"/v1/bundles/{bundle}/files/{text}",
        f"/problems/{text}", f"/v1/bundles/{bundle}/manifest?format={text}",
        *(f"/v1/jobs?{name}={text}" for name in ("label", "cursor", "ids", "after", "phase", text)),
        *(f"{rows}?where={where}" for where in (f"obs_id:eq:{text}", f"obs_id:like:{text}", f"{text}:eq:1", text)),
        *(f"{rows}?{name}={text}" for name in ("sort", "columns", "cursor", "limit")),
    ]  # fmt: skip
    for path in asked:
        answer = client.get(path)
        assert answer.status_code in {200, 400, 404, 405, 422}, path
        assert answer.status_code != 200 or not answer.json.get("items"), path
        assert "X-Y" not in answer.headers


@pytest.mark.parametrize("text", ["\u2028", "\x7f", "\u202e", "💩", "Ångström", "\u0000", "\x1b[31m"])
def test_labels_are_kept_as_sent_or_refused(text: str, client: FlaskClient, site: Site) -> None:
    answer = client.post("/v1/searches", json={"target": "m57", "label": text})
    if answer.status_code == 422:
        assert not text.isprintable()
        assert answer.json["errors"][0]["pointer"] == "/label"
    else:
        assert client.get(answer.headers["Location"]).json["label"] == text
        assert [job["label"] for job in client.get("/v1/jobs", query_string={"label": text}).json["items"]] == [text]


def test_a_bulk_poll_of_200_ids_fits_into_an_address(client: FlaskClient, site: Site) -> None:
    ids = ",".join([site.search().id, *(f"s_{n:016x}" for n in range(199))])
    address = "/v1/jobs?ids=" + ids.replace(",", "%2C")
    assert len(address) < 8190 - len("GET  HTTP/1.1")
    assert len(client.get(address).json["items"]) == 1
