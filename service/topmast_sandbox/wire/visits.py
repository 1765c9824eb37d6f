"""From a request to what is asked for: the names under which it is counted, and by which rules speak of it."""

import json
from typing import Any

from flask import Request

from topmast_sandbox.faults import Visit
from topmast_sandbox.wire.engineering import PREFIX as TELEMETRY

_SERVICES = {
    "portal.columnsconfig": "columnsconfig",
    "resolver.query": "resolver",
    "auth.whoami": "whoami",
    "download.file": "Download/file",
    "download.file_jwst": "Download/file",
    "bundles.sh": "bundle.sh",
    "paths.path_lookup": "path_lookup",
    "missions.columns": "column_list",
    "references.reference": "crds/reference",
    "references.mapping": "crds/mapping",
    "dois.doi": "dois",
}
_JWST = "mast:jwst/product/"
# What differs between two polls or pages of one portal query.
_PASSING = {"page", "cacheBreaker", "cachebreaker", "timeout"}


def visit_of(request: Request) -> Visit:
    """Return what a request is for."""
    if request.endpoint == "portal.invoke":
        return _portal(request)
    args = request.view_args or {}
    uri = _uri(request, args)
    return Visit(
        service=_service(request, args, uri),
        method=request.method,
        uri=uri,
        question=uri or request.full_path,
        ranged="Range" in request.headers,
        token=_carries_token(request),
    )


def query_of(request: Request) -> dict[str, Any]:
    """Return the portal query of a request; empty where there is none that can be read."""
    try:
        asked = json.loads(request.values.get("request", ""))
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _portal(request: Request) -> Visit:
    asked = query_of(request)
    lasting = {name: value for name, value in asked.items() if name not in _PASSING}
    return Visit(
        service=str(asked.get("service", "")),
        method=request.method,
        question=json.dumps(lasting, sort_keys=True),
        token=_carries_token(request),
        portal=True,
    )


def _uri(request: Request, args: dict[str, Any]) -> str | None:
    if request.endpoint in {"download.file", "download.file_jwst"}:
        asked = request.args.get("uri", "")
        return f"mast:JWST/product/{asked[len(_JWST) :]}" if asked.lower().startswith(_JWST) else asked
    if request.endpoint == "missions.retrieve":
        return f"mast:{args['mission'].upper()}/product/{request.args.get('product_name', '').rpartition('/')[2]}"
    return f"crds://{args['name']}" if request.endpoint == "references.reference" else None


def _service(request: Request, args: dict[str, Any], uri: str | None) -> str:
    if uri and uri.lower().startswith(TELEMETRY):
        return "jwstedb"
    endpoint = str(request.endpoint)
    if endpoint == "bundles.archive":
        return f"bundle.{args['kind']}"
    if "mission" in args:
        return f"{args['mission']}/{request.path.rpartition('/')[2]}"
    return _SERVICES.get(endpoint) or request.path.strip("/").replace("/api/v0.1", "")


def _carries_token(request: Request) -> bool:
    return "Authorization" in request.headers or "mast_token" in request.cookies
