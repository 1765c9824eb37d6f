"""Programs in browsers, from other sites: which may read an answer, and what a page of ours may do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from tests.api.site import I2D, Site
from topmast_service.api import contract, cors
from topmast_service.api.app import create_app, unconnected
from topmast_service.errors import Invalid

PORTAL = "https://portal.example.org"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, idempotency-key"}


@pytest.fixture
def opened(site: Site) -> Site:
    """The site, open to the portal."""
    stores = site.api.stores
    site.api = replace(site.api, stores=replace(stores, settings=replace(stores.settings, cors_origins=PORTAL)))
    return site


def test_by_default_no_other_site_is_answered(client: FlaskClient) -> None:
    preflight = client.options("/v1/searches", headers={"Origin": PORTAL, **ASKS})
    assert preflight.status_code == 405
    for answer in (preflight, client.get("/v1/me", headers={"Origin": PORTAL}), client.get("/livez")):
        assert [name for name, _ in answer.headers if name.startswith("Access-Control")] == []
        assert "Origin" not in answer.headers.get("Vary", "")


def test_a_preflight_needs_no_key_and_tells_what_the_address_takes(opened: Site) -> None:
    answer = opened.client(None).options("/v1/jobs/s_0/abort", headers={"Origin": PORTAL, **ASKS})
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Vary"] == "Origin"
    items = opened.client(None).options("/v1/baskets/k_0/items", headers={"Origin": PORTAL, **ASKS})
    assert items.headers["Access-Control-Allow-Methods"] == "DELETE, GET, HEAD, PATCH, POST"


@pytest.mark.parametrize(
    "origin",
    [
        "null", "*", "https://portal.example.org.evil.org", "https://evil-portal.example.org", "http://portal.example.org",
        "https://portal.example.org:8443", "https://PORTAL.example.org", "https://portal.example.org/", "",
    ],
)  # fmt: skip
def test_an_origin_is_on_the_list_or_it_is_not(origin: str, opened: Site) -> None:
    preflight = opened.client().options("/v1/searches", headers={"Origin": origin, **ASKS})
    assert preflight.status_code == 405
    for answer in (preflight, opened.client().get("/v1/me", headers={"Origin": origin})):
        assert [name for name, _ in answer.headers if name.startswith("Access-Control")] == []
        assert answer.headers["Vary"] == "Origin"


def test_every_answer_can_be_read_refusals_and_files_too(opened: Site) -> None:
    client, bundle = opened.client(), opened.bundle().id
    for path in ("/v1/me", "/v1/jobs/s_none", "/nothing", "/livez", f"/v1/bundles/{bundle}/files/{I2D}"):
        answer = client.get(path, headers={"Origin": PORTAL})
        assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.headers["Vary"]
    anonymous = opened.client(None).get("/v1/me", headers={"Origin": PORTAL})
    assert (anonymous.status_code, anonymous.headers["Access-Control-Allow-Origin"]) == (401, PORTAL)


def test_what_the_contract_names_can_be_sent_and_read() -> None:
    paths = contract.document(unconnected())["paths"]
    operations = [op for item in paths.values() for name, op in item.items() if name != "parameters"]
    sent = {p["name"] for op in operations for p in op.get("parameters", []) if p.get("in") == "header"}
    told = {name for op in operations for answer in op["responses"].values() for name in answer.get("headers", ())}
    assert sent <= set(cors.SENT)
    assert told <= set(cors.READ)


@pytest.mark.parametrize(
    "setting",
    [
        "*", "portal.example.org", "https://portal.example.org/", "https://*.example.org", "null", "ftp://a.example.org",
        "https://Portal.example.org", "https://a.example.org https://b.example.org", "https://user@a.example.org",
    ],
)  # fmt: skip
def test_a_list_that_no_browser_would_match_is_refused(setting: str) -> None:
    with pytest.raises(Invalid, match="no origin"):
        cors.origins_of(setting)


def test_origins_as_browsers_write_them() -> None:
    written = f"{PORTAL}, http://127.0.0.1:8888 ,http://[::1]:80,"
    assert cors.origins_of(written) == {PORTAL, "http://127.0.0.1:8888", "http://[::1]:80"}


NEVER = {"script-src 'unsafe-inline'", "script-src *", "default-src *"}


def test_every_page_that_leaves_is_kept_from_guessing_framing_and_telling(site: Site) -> None:
    hostile = {"JWST/a/evil.html": b"<script>alert(1)</script>", I2D: b"x"}
    bundle = site.bundle(files=hostile)
    client, search = site.client(), site.search().id
    link = client.post(f"/v1/bundles/{bundle.id}/links", json={"path": ""}).json["url"]
    below = link.partition(site.settings.public_url)[2]
    pages = [
        "/docs", "/problems", "/problems/busy", f"/v1/searches/{search}/rows?format=html",
        *(f"/v1/bundles/{bundle.id}/files/{name}" for name in ("MANIFEST.HTML", "JWST/a/evil.html")),
        *(f"{below}{name}" for name in ("MANIFEST.HTML", "JWST/a/evil.html")),
    ]  # fmt: skip
    for path in pages:
        answer = client.get(path, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.mimetype) == (200, "text/html"), path
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert not any(loose in policy for loose in NEVER), path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_what_is_no_page_is_not_shown_as_one(site: Site) -> None:
    """Names that a browser, or an older one, might take for a page or a program of ours."""
    names = ["JWST/a/x.htm", "JWST/a/x.svg", "JWST/a/x.xhtml", "JWST/a/x.js", "JWST/a/x.xml", "JWST/a/x"]
    bundle = site.bundle(files=dict.fromkeys(names, b"<svg onload=alert(1)>"))
    for name in names:
        answer = site.client().get(f"/v1/bundles/{bundle.id}/files/{name}")
        assert answer.mimetype == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_application_with_other_origins_is_another_application(opened: Site) -> None:
    other = replace(opened.settings, cors_origins="https://other.example.org")
    api = replace(opened.api, stores=replace(opened.api.stores, settings=other))
    answer = create_app(api).test_client().get("/livez", headers={"Origin": PORTAL})
    assert "Access-Control-Allow-Origin" not in answer.headers
