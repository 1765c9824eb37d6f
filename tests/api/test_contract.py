"""The contract: complete, committed as it is, and kept by the running app."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask.testing import FlaskClient

from tests.api import contract_run
from tests.api.served import ROOT, start_api
from tests.api.site import Site
from topmast_service.api.app import unconnected
from topmast_service.api.contract import as_yaml, document
from topmast_service.api.http_errors import kinds

EXAMPLES = 60


def operations(site: Site) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document(site.app())["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


@pytest.mark.timeout(3000)  # 82 operations: up to twenty-five minutes beside other tests
def test_schemathesis_finds_nothing(site: Site, tmp_path: Path) -> None:
    site.api.stores.users.add("ann", email="ann@example.org", role="operator")  # some operations are theirs only
    server = start_api(site, tmp_path)
    try:
        outcome = contract_run.run(site, server.url, examples=EXAMPLES)
    finally:
        server.stop()
    assert outcome.errors == []
    assert outcome.failures == [], "\n\n".join(outcome.failures)
    labels = {f"{method.upper()} {path}" for path, method, _ in operations(site)}
    assert {
        label for label, found in outcome.statuses.items() if any(200 <= status < 300 for status in found)
    } == labels
    # Without parameters, body and key there is one request, and no more of it to try.
    single = {
        "GET /livez",
        "GET /readyz",
        "GET /openapi.yaml",
        "GET /docs",
        "GET /problems",
        "GET /schemas/manifest.json",
    }
    assert {label for label in labels if outcome.fuzzed[label] < EXAMPLES} == single


def test_the_committed_contract_is_what_the_code_says() -> None:
    assert (ROOT / "openapi.yaml").read_text() == as_yaml(unconnected()), "`make openapi` writes it anew"


def test_every_operation_is_named_and_described(site: Site) -> None:
    found = list(operations(site))
    names = [operation.get("operationId") for _, _, operation in found]
    assert None not in names
    assert len(set(names)) == len(names) == 82
    for path, method, operation in found:
        where = f"{method} {path}"
        assert operation["summary"], where
        assert all(p["description"] for p in operation.get("parameters", [])), where
        assert all(response["description"] for response in operation["responses"].values()), where
        errors = {s: r for s, r in operation["responses"].items() if s >= "400"}
        assert {"422", "500"} <= errors.keys(), where
        assert all(list(r["content"]) == ["application/problem+json"] for r in errors.values()), where
        assert operation.get("security", True) == [] or "401" in errors, where


def test_every_code_has_a_page_for_people_and_programs(client: FlaskClient) -> None:
    listed = client.get("/problems").json["items"]
    assert [kind["code"] for kind in listed] == sorted(kinds())
    for kind in listed:
        page = client.get(f"/problems/{kind['code']}", headers={"Accept": "text/html"})
        assert page.mimetype == "text/html"
        assert kind["code"] in page.text
        assert client.get(f"/problems/{kind['code']}").json == kind


def test_the_docs_need_no_other_server_and_no_script(client: FlaskClient, site: Site) -> None:
    page = client.get("/docs")
    assert all(operation["operationId"] in page.text for _, _, operation in operations(site))
    assert "<script" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_contract_docs_and_health_need_no_key(site: Site) -> None:
    stranger = site.client(None)
    paths = ["/livez", "/readyz", "/openapi.yaml", "/docs", "/problems", "/schemas/manifest.json"]
    assert [stranger.get(path).status_code for path in paths] == [200] * 6
    assert stranger.get("/openapi.yaml").mimetype == "application/yaml"


def test_a_manifest_s_schema_is_served_where_the_manifest_says(client: FlaskClient, site: Site) -> None:
    record = client.get(f"/v1/bundles/{site.bundle().id}/files/manifest.json").json
    served = site.client(None).get(record["$schema"])
    assert served.mimetype == "application/schema+json"
    schema = json.loads(served.data)
    assert schema["$id"] == record["$schema"]
    jsonschema_rs.meta.validate(schema)
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(record)


def test_examples_are_what_the_schemas_say(site: Site) -> None:
    schemas = document(site.app())["components"]["schemas"]
    shown = {name: schema["example"] for name, schema in schemas.items() if "example" in schema}
    assert {"SearchRequest", "BundleRequest", "SearchDocument", "BundleDocument", "RowPage", "Folder"} <= shown.keys()
    for name, example in shown.items():
        root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        errors = [str(error) for error in jsonschema_rs.Draft202012Validator(root).iter_errors(example)]
        assert errors == [], name
