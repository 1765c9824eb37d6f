"""The contract for people and programs: openapi.yaml, /docs, /problems. Without a key."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Response, current_app, json, render_template, request

from topmast_service.api import contract, docs_page
from topmast_service.api.http_errors import kinds
from topmast_service.api.problems import status_of
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.api.schemas.problem_page import ProblemKind, ProblemKinds
from topmast_service.errors import Invalid, NotFound, TopmastError

_HTML = {"text/html": {"schema": {"type": "string"}}}
_CODE = {
    "in": "path",
    "name": "code",
    "description": "A problem's `code`",
    "schema": {"type": "string", "pattern": "^[a-z_]{1,60}$"},
    "example": "unknown_column",
}


def make() -> Routes:
    """The routes."""
    routes = Routes("about", __name__, description="The contract", template_folder="templates")

    @cache
    def text(page: str) -> str:
        """Made once per process: the routes do not change while it runs."""
        return contract.as_yaml(current_app) if page == "yaml" else docs_page.render(contract.document(current_app))

    @routes.route("/openapi.yaml", methods=["GET"])
    @routes.operation("getContract", keyed=False, raises=[Invalid])
    @routes.arguments(NoQuery, location="query")
    @routes.response(
        200, {"type": "object"}, content_type="application/yaml", description="OpenAPI 3.1", headers=contract.headers()
    )
    def openapi(_: dict[str, Any]) -> Response:
        """The contract, for programs."""
        return Response(text("yaml"), mimetype="application/yaml")

    @routes.route("/docs", methods=["GET"])
    @routes.operation("getDocs", keyed=False, raises=[Invalid])
    @routes.arguments(NoQuery, location="query")
    @routes.response(
        200, {"type": "string"}, content_type="text/html", description="A page", headers=contract.headers()
    )
    def docs(_: dict[str, Any]) -> Response:
        """The contract, for people."""
        return Response(text("html"), mimetype="text/html")

    @routes.route("/problems", methods=["GET"])
    @routes.operation("listProblems", keyed=False, raises=[Invalid], responses={200: {"content": _HTML}})
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, ProblemKinds, description="All of them", headers=contract.headers())
    def problems(_: dict[str, Any]) -> Response:
        """Every kind of problem."""
        return _shown([_told(error) for error in kinds().values()], "problems.html")

    @routes.route("/problems/<code>", methods=["GET"], parameters=[_CODE])
    @routes.operation("getProblem", keyed=False, raises=[Invalid, NotFound], responses={200: {"content": _HTML}})
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, ProblemKind, description="It", headers=contract.headers())
    def problem(_: dict[str, Any], code: str) -> Response:
        """One kind of problem: what it means and what to try."""
        if code not in kinds():
            raise NotFound("There is no such kind of problem.", hint="`/problems` lists them all.")
        return _shown(_told(kinds()[code]), "problems.html")

    return routes


def _told(error: type[TopmastError]) -> dict[str, Any]:
    kind = {"code": error.code, "title": error.title, "status": status_of(error), "kind": error.kind}
    return {**kind, "hint": error.hint}


def _shown(told: Any, template: str) -> Response:
    """For people who ask for HTML, a page; JSON for everybody else."""
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    if best == "text/html":
        kinds = told if isinstance(told, list) else [told]
        response = Response(render_template(template, kinds=kinds), mimetype="text/html")
    else:
        document = {"items": told} if isinstance(told, list) else told
        response = Response(json.dumps(document), mimetype="application/json")
    response.vary.add("Accept")
    return response
