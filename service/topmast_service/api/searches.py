"""/v1/searches: what there is."""

from __future__ import annotations

from typing import Any

from flask import Response

from topmast_service.api import contract, documents, paging, results, row_formats, since
from topmast_service.api.auth import require_key, user
from topmast_service.api.http_errors import NotAcceptable
from topmast_service.api.routes import OF_BODIES, Routes
from topmast_service.api.schemas.parameters import NoQuery, RowQuery, SubmitHeaders, path_id
from topmast_service.api.schemas.rows import RowPage
from topmast_service.api.schemas.search import SearchDocument, SearchRequest
from topmast_service.api.streaming import Streams
from topmast_service.api.submitting import Answer, answer
from topmast_service.api.waiting import Waiters
from topmast_service.container import Api
from topmast_service.domain.scopes import SEARCH
from topmast_service.errors import (
    BadCursor,
    BadTarget,
    Busy,
    EmptySelection,
    Expired,
    IdempotencyMismatch,
    NoResult,
    NotComparable,
    NotReady,
    OverQuota,
    UnknownColumn,
    UnknownJob,
)

ID = [path_id("search_id", "s", "The search")]
_MADE = contract.headers("Location", "Retry-After", "Idempotency-Replayed")


def make(api: Api, waiters: Waiters, streams: Streams) -> Routes:
    """The routes."""
    routes = Routes("searches", __name__, url_prefix="/v1/searches", description="What there is")
    require_key(routes, api.stores)

    @routes.route("", methods=["POST"])
    @routes.operation(
        "submitSearch",
        scope=SEARCH,
        raises=[*OF_BODIES, UnknownColumn, BadTarget, EmptySelection, Expired, IdempotencyMismatch, OverQuota],
        responses=contract.made("search", search="getSearch", rows="listRows"),
    )
    @routes.arguments(SubmitHeaders, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.arguments(SearchRequest)
    @routes.response(202, SearchDocument, description="The search is under way", headers=_MADE)
    @routes.alt_response(
        200,
        schema=SearchDocument,
        description="It ended within `Prefer: wait`; its phase says how",
        headers=contract.headers("Location", "Preference-Applied", "Idempotency-Replayed"),
    )
    def submit_search(headers: dict[str, str], _: dict[str, Any], body: dict[str, Any]) -> Answer:
        """Search the observations.

        What can be told without MAST is told at once (422): unknown columns, a radius without unit. What only MAST
        knows, such as a name that does not resolve, ends the job in ERROR with the same kind of `code`.
        """
        made = api.submissions.search(user(), body, headers.get("idempotency_key"))
        return answer(waiters, user(), made, headers.get("prefer", ""), documents.of_search)

    @routes.route("/<search_id>", methods=["GET"], parameters=ID)
    @routes.operation("getSearch", raises=[UnknownJob])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, SearchDocument, description="The search", headers=contract.headers())
    def get_search(_: dict[str, Any], search_id: str) -> dict[str, Any]:
        """A search: its job, and what came of it."""
        return documents.of_search(results.one(api, user(), search_id, "search"))

    @routes.route("/<search_id>/rows", methods=["GET"], parameters=ID)
    @routes.operation(
        "listRows",
        raises=[UnknownJob, NotReady, NoResult, Expired, BadCursor, UnknownColumn, NotComparable, NotAcceptable, Busy],
        responses={200: {"content": row_formats.WHOLE}},
    )
    @routes.arguments(RowQuery, location="query")
    @routes.response(200, RowPage, description="A page of rows, or all as a file", headers=contract.headers("Link"))
    def list_rows(query: dict[str, Any], search_id: str) -> Response | tuple[dict[str, Any], dict[str, str]]:
        """The rows of a search.

        Each has `_row`, its stable id, and `access`: public, exclusive (with its `release`), planned, restricted or
        unknown, as of now.
        With `since` only those that are new, changed or gone since an earlier search of the same collection: `_change`
        says which, `_changed` names the columns, `notes` says what could not be told. The cells of a changed row are
        the new ones.

        JSON comes in pages; CSV, ECSV, VOTable, Parquet and HTML are whole (HTML shows the first 10,000 rows).
        """
        name = row_formats.wanted(query)
        search = results.one(api, user(), search_id, "search")
        table, facts = since.shown(api, user(), search, query.get("since"))
        if name != "json":
            return row_formats.whole(streams, search, table, facts=facts, query=query, name=name)
        page = paging.of_rows(table, query, facts) | {"notes": facts.get("notes", [])}
        return page, {**paging.next_link(page["next"]), "Vary": "Accept"}

    return routes
