"""/v1/searches/{id}/sky: where the rows lie, as JSON and as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, json, request

from topmast_service.api import contract, paging, results
from topmast_service.api.auth import require_key, user
from topmast_service.api.http_errors import NotAcceptable, PreconditionFailed
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.sky import SkyPage, SkyQuery
from topmast_service.api.searches import ID
from topmast_service.api.waiting import Waiters
from topmast_service.container import Api
from topmast_service.domain import regions
from topmast_service.domain.job import Job
from topmast_service.domain.regions import Footprint, Point
from topmast_service.domain.rows import ask, cursor_behind
from topmast_service.errors import (
    BadCursor,
    Expired,
    Invalid,
    NoResult,
    NotReady,
    TopmastError,
    UnknownColumn,
    UnknownJob,
)
from topmast_service.store import conditions
from topmast_service.workflows import sky_rows, sky_scene
from topmast_service.workflows.sky import Wanted
from topmast_service.workflows.sky_rows import SkyColumns, SkyRow

MOST_CORNERS = 40_000
"""Of a page: some 1 MB of JSON. A page with more of them ends early, with `next`."""

DRAWN_WITHIN = 8.0
"""Seconds that a request waits for its picture."""

_MEDIA = {"application/json": "json", "image/png": "png"}
_PNG = {"image/png": {"schema": {"type": "string", "format": "binary"}}}


def make(api: Api, waiters: Waiters) -> Routes:
    """The routes."""
    routes = Routes("sky", __name__, url_prefix="/v1/searches", description="Where it lies")
    require_key(routes, api.stores)

    @routes.route("/<search_id>/sky", methods=["GET"], parameters=ID, tags=["searches"])
    @routes.operation(
        "getSky",
        raises=[
            UnknownJob, NotReady, NoResult, Expired, BadCursor, UnknownColumn, NotAcceptable, PreconditionFailed,
        ],
        responses={
            200: {"content": _PNG},
            304: {"description": "You have it already (If-None-Match)", "headers": contract.headers("ETag")},
        },
    )  # fmt: skip
    @routes.arguments(SkyQuery, location="query")
    @routes.response(
        200, SkyPage, description="A page of footprints, or the picture", headers=contract.headers("Link", "ETag")
    )
    def get_sky(query: dict[str, Any], search_id: str) -> Response:
        """Footprints on the sky.

        JSON comes in pages; rows without coordinates are among them, and counted. A PNG shows all rows that fit
        `where`, coloured by access, upon a coordinate grid, with the target and its cone. It is drawn when it is first
        asked for: `409 not_ready` with Retry-After while that lasts.
        """
        search = results.one(api, user(), search_id, "search")
        if (query.get("format") or _accepted()) == "png":
            response = _picture(api, waiters, search, query)
        else:
            response = _page(api, search, query)
        response.vary.add("Accept")
        response.add_etag()
        response.make_conditional(request)
        if response.status_code == 412:
            raise PreconditionFailed()
        return response

    return routes


def _accepted() -> str:
    best = request.accept_mimetypes.best_match(list(_MEDIA), default="") if request.accept_mimetypes else "*"
    if not best:
        raise NotAcceptable(f"The sky comes as {', '.join(_MEDIA)}.")
    return _MEDIA.get(best, "json")


def _picture(api: Api, waiters: Waiters, search: Job, query: Mapping[str, Any]) -> Response:
    if ignored := sorted({*request.args} - {"format", "where"}):
        at = [{"pointer": name, "detail": "A picture is always whole.", "suggestions": []} for name in ignored]
        raise Invalid(f"The picture takes no {', '.join(ignored)}: it is always whole.", errors=at)
    table, skies = results.rows(api, search), api.skies
    where = tuple(query.get("where", ()))
    conditions.where(ask(table.askable, where=where).where, table.askable)
    wanted = Wanted(search.id, where, results.facts(search)["stale"])
    if not skies.ready(wanted):
        skies.ask(wanted)
        if not waiters.until(lambda: skies.ready(wanted), DRAWN_WITHIN):
            hint = "Ask for it again; a large search takes half a minute."
            raise NotReady("The picture is being drawn.", hint=hint, retry_after=2)
    try:
        picture = skies.path(wanted).read_bytes()
    except FileNotFoundError:
        raise Expired("The picture has just been removed with its search.") from None
    if not picture:
        raise TopmastError("The picture could not be drawn.", hint="Ask for the footprints as JSON; tell the operator.")
    return Response(picture, mimetype="image/png")


def _page(api: Api, search: Job, query: Mapping[str, Any]) -> Response:
    table, facts = results.rows(api, search), results.facts(search)
    columns = SkyColumns.of(table.columns)
    where, cursor = query.get("where", ()), query.get("cursor", "")
    question = ask(table.askable, where=where, limit=query["limit"], cursor=cursor)
    page = table.page(replace(question, columns=columns.needed))
    found = list(sky_rows.shapes(map(columns.read, page.items), MOST_CORNERS))
    items = [_item(row, footprint) for row, footprint in found]
    whole = len(items) == len(page.items)
    following = page.next if whole else cursor_behind(question, items[-1]["_row"])
    target = sky_scene.target(facts)
    document = {
        "target": target,
        **_field(target, found),
        "items": items,
        "without_coordinates": sky_rows.without_coordinates(table, question.where),
        "next": following,
        "total": page.total,
        "truncated": bool(facts.get("truncated")),
        "as_of": facts.get("as_of"),
        "stale": facts["stale"],
    }
    return Response(json.dumps(document), headers=paging.next_link(following), mimetype="application/json")


def _item(row: SkyRow, footprint: Footprint | None) -> dict[str, Any]:
    return {
        "_row": row.row,
        "obs_id": row.name,
        "access": row.access,
        "position": {"ra": row.position[0], "dec": row.position[1]} if row.position else None,
        "moving": row.moving,
        "shapes": _shapes(footprint) if footprint else None,
        "capped": footprint is not None and footprint.capped,
        "unreadable": footprint is None and bool(row.region),
    }


def _shapes(footprint: Footprint) -> list[dict[str, Any]]:
    return [
        {"type": s.type, "points": [list(p) for p in s.points], "radius": s.radius if s.type == "circle" else None}
        for s in footprint.shapes
    ]


def _field(target: Mapping[str, Any] | None, found: Sequence[tuple[SkyRow, Footprint | None]]) -> dict[str, Any]:
    """The middle of a page and the diameter about it; corners alone count, and circles whole."""
    reach = [*_reach(found), *([((target["ra"], target["dec"]), target["radius"])] if target else [])]
    if not reach:
        return {"center": None, "extent_deg": None}
    center = (target["ra"], target["dec"]) if target else regions.middle(point for point, _ in reach)
    extent = 2 * max(regions.separation(center, point) + radius for point, radius in reach)
    return {"center": {"ra": center[0], "dec": center[1]}, "extent_deg": min(extent, 360.0)}


def _reach(found: Iterable[tuple[SkyRow, Footprint | None]]) -> Iterable[tuple[Point, float]]:
    for row, footprint in found:
        if footprint is None:
            yield from [(row.position, 0.0)] if row.position else []
        else:
            yield from ((point, shape.radius) for shape in footprint.shapes for point in shape.points)
