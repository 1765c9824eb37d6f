"""/docs: the contract as one page that needs nothing else, no script and no other server."""

from __future__ import annotations

from typing import Any

import yaml
from flask import render_template

Spec = dict[str, Any]


def render(spec: Spec) -> str:
    """The page for an OpenAPI document."""
    schemas = spec["components"]["schemas"]
    return render_template(
        "docs.html",
        info=spec["info"],
        operations=list(_operations(spec)),
        schemas={name: _yaml(schema) for name, schema in sorted(schemas.items())},
    )


def _operations(spec: Spec) -> list[Spec]:
    return [
        _operation(method, path, {"parameters": shared, **operation}, shared)
        for path, item in spec["paths"].items()
        for shared in [[_resolved(spec, p) for p in item.get("parameters", [])]]
        for method, operation in item.items()
        if method != "parameters"
    ]


def _resolved(spec: Spec, parameter: Spec) -> Spec:
    """A parameter, or the one that it refers to."""
    found: Spec = spec["components"]["parameters"][_name(parameter)] if "$ref" in parameter else parameter
    return found


def _operation(method: str, path: str, operation: Spec, shared: list[Spec]) -> Spec:
    own = operation["parameters"] if operation["parameters"] is not shared else []
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "open": operation.get("security") == [],
        "scope": operation.get("x-scope", ""),
        "parameters": [_parameter(p) for p in [*shared, *own]],
        "body": _name(body),
        "responses": [_response(status, r) for status, r in operation["responses"].items()],
    }


def _parameter(parameter: Spec) -> Spec:
    schema = parameter.get("schema", {})
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "description": parameter.get("description") or schema.get("description", ""),
        "schema": _yaml({k: v for k, v in schema.items() if k not in {"description", "example"}}),
    }


def _response(status: str, response: Spec) -> Spec:
    content = response.get("content", {})
    return {
        "status": status,
        "description": response.get("description", ""),
        "content": [{"type": kind, "schema": _name(told.get("schema", {}))} for kind, told in content.items()],
    }


def _name(schema: Spec) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).strip()
