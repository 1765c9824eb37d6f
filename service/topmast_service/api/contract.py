"""The contract itself: ``openapi.yaml``, made from the routes that run."""

from __future__ import annotations

from typing import Any

import yaml
from flask import Flask
from marshmallow import fields

from topmast_service.api.auth import ON_BEHALF
from topmast_service.api.http_errors import kinds
from topmast_service.api.problems import ProblemApi, told
from topmast_service.api.routes import scope_of
from topmast_service.api.schemas import basket_items, criteria, forms, rows
from topmast_service.store.users import USER_NAME

VERSION = "1.0.0"
"""Of the contract, not of the code: /v1 only grows (http.md)."""

_ABOUT = """\
Search JWST observations, choose their products, have them staged, be told, fetch them.

**Start** with `POST /v1/searches`, wait at `GET /v1/jobs/{id}?wait=30`, read `GET /v1/searches/{id}/rows`; then \
`POST /v1/bundles` from that search, and fetch `GET /v1/bundles/{id}/files/`.

**Errors** are RFC 9457 problems: match on `code`, show `detail` and `hint`. **Every** answer carries `X-Request-Id`; \
send your own (1 to 128 visible ASCII characters) to find a request again. `RateLimit` tells how many requests are \
left; beyond them the answer is 429, with Retry-After. /v1 only grows: ignore members and phases \
that you do not know. Sizes are bytes, times RFC 3339, MAST's columns and values are passed on unchanged."""

CONFIG: dict[str, Any] = {
    "API_TITLE": "topmast",
    "API_VERSION": VERSION,
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": {
        "info": {"description": _ABOUT, "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"}},
        "servers": [{"url": "/", "description": "The topmast that serves this contract"}],
        "security": [{"apiKey": []}],
    },
}
"""What flask-smorest is told."""

_ORDER = ("openapi", "info", "servers", "security", "tags", "paths", "components")
_HEADERS = {
    "X-Request-Id": "The id of this request in the service's log; the caller's own if it sent one",
    "Location": "The job, or what was made",
    "Link": 'The next page, as `<…>; rel="next"` (RFC 8288)',
    "Retry-After": "Seconds after which trying again makes sense",
    "RateLimit": 'Requests that are left, and seconds until all are again: `"requests";r=599;t=1` '
    "(draft-ietf-httpapi-ratelimit-headers)",
    "RateLimit-Policy": 'How many requests within how many seconds: `"requests";q=600;w=60`; files have their own',
    "WWW-Authenticate": "Bearer",
    "Preference-Applied": "`wait` if the preference was followed",
    "Idempotency-Replayed": "`true` if an earlier request with this Idempotency-Key made the job",
    "ETag": "Strong; a product's is its SHA-256",
    "Repr-Digest": "SHA-256 of the whole file (RFC 9530)",
    "Content-Range": "Which bytes these are, of how many",
    "Accept-Ranges": "bytes",
    "Allow": "The methods that the address takes",
}

_ON_BEHALF = {
    "name": ON_BEHALF,
    "description": "The user for whom this is done; for keys of the role `portal` only. What is made is that user's, "
    "and their quota, MAST token and Idempotency-Keys count",
    "schema": {"type": "string", "pattern": f"^{USER_NAME.pattern}$"},
    "example": "ann",
}


def prepare(api: ProblemApi) -> None:
    """Register what routes refer to by name; before any route."""
    components = api.spec.components
    components.security_scheme(
        "apiKey",
        {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key of this topmast, `tm_…`; each operation's `x-scope` is what it must have",
        },
    )
    components.parameter("OnBehalfOf", "header", _ON_BEHALF)
    for name, text in _HEADERS.items():
        components.header(name, {"description": text, "schema": {"type": "string"}})
    for shape, name in criteria.COMPONENTS.items():
        components.schema(name, criteria.json_schema(shape))
    for name, schema in forms.json_schemas().items():
        components.schema(name, schema)
    for code, error in kinds().items():
        components.example(code, {"value": told(error(), "r_0123456789abcdef")})
    components.schema("Row", rows.ROW)
    components.schema("ManifestItem", rows.MANIFEST_ITEM)
    for name, schema in {
        "BasketItem": basket_items.ITEM,
        "BasketNode": basket_items.NODE,
        "BasketEntry": basket_items.ENTRY,
    }.items():
        components.schema(name, schema)
    api.ma_plugin.converter.add_attribute_function(_described)


def complete(api: ProblemApi) -> None:
    """Add what marshmallow cannot say (`json_schema` of a schema class); after all routes."""
    for key, name in api.ma_plugin.converter.refs.items():
        said = vars(key[0]).get("json_schema") or getattr(key[0], "json_schema", {})
        api.spec.components.schemas[name].update(said)


def headers(*names: str) -> dict[str, Any]:
    """References to response headers, those of every answer among them."""
    always = ("X-Request-Id", "RateLimit", "RateLimit-Policy")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*always, *names)}


def made(kind: str, **operations: str) -> dict[int, Any]:
    """OpenAPI links from the answer to a submission: by which operations its id goes on.

    Parameters
    ----------
    kind
        search or bundle: the name of the id in those operations' addresses.
    operations
        What a reader calls the link, and the operationId.
    """
    jobs = {"job": "getJob", "abort": "abortJob", "delete": "deleteJob"}
    own = {
        name: {"operationId": op, "parameters": {f"{kind}_id": "$response.body#/id"}} for name, op in operations.items()
    }
    found = {
        name: {"operationId": op, "parameters": {"job_id": "$response.body#/id"}} for name, op in jobs.items()
    } | own
    return {200: {"links": found}, 202: {"links": found}}


def document(app: Flask) -> dict[str, Any]:
    """The contract of an app, as data."""
    api: ProblemApi = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    found: dict[str, Any] = api.spec.to_dict()
    for item in found["paths"].values():
        for operation in item.values():
            if "responses" in operation:
                operation["responses"] = dict(sorted(operation["responses"].items()))
        _tell_keys(item)
    return {name: found[name] for name in _ORDER}


def _tell_keys(item: dict[str, Any]) -> None:
    """What every operation with a key has in common: the scope that it needs, and for whom it may be asked."""
    keyed = {m: op for m, op in item.items() if "responses" in op and op.get("security") != []}
    for method, operation in keyed.items():
        operation["x-scope"] = scope_of(method, operation.get("x-scope"))
    if keyed:
        item["parameters"] = [*item.get("parameters", []), {"$ref": "#/components/parameters/OnBehalfOf"}]


def as_yaml(app: Flask) -> str:
    """The contract of an app as YAML, the same text for the same routes."""
    found = _plain(document(app))
    return yaml.dump(found, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    """Without anchors: people read this file, and diff it."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True


def _plain(value: Any) -> Any:
    """Ordered dicts and tuples as YAML's own kinds."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _described(self: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    component = getattr(field, "component", None)
    return {"$ref": f"#/components/schemas/{component}"} if component else {}
