"""/v1/keywords: the keyword dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topmast_service.api import contract, paging
from topmast_service.api.auth import require_key
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.keywords import Keyword, KeywordPage, KeywordQuery
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.container import Api
from topmast_service.domain import dictionary
from topmast_service.domain.columns import nearest
from topmast_service.domain.dictionary import Entry, place
from topmast_service.errors import BadCursor, UnknownKeyword

_NAME = {
    "in": "path",
    "name": "keyword",
    "description": "A column's name or a FITS keyword; capitals do not count",
    "schema": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,63}$"},
    "example": "tsovisit",
}


def make(api: Api) -> Routes:
    """The routes."""
    routes = Routes("keywords", __name__, url_prefix="/v1/keywords", description="What keywords mean")
    require_key(routes, api.stores)

    @routes.route("", methods=["GET"])
    @routes.operation("listKeywords", raises=[BadCursor])
    @routes.arguments(KeywordQuery, location="query")
    @routes.response(200, KeywordPage, description="A page of keywords", headers=contract.headers("Link"))
    def list_keywords(query: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Keywords and columns by words of their name, title or description; the nearest names first."""
        found = dictionary.find(api.columns.edition().keywords.values(), query["q"])
        page = _page(found, query)
        return page, paging.next_link(page["next"])

    @routes.route("/<keyword>", methods=["GET"], parameters=[_NAME])
    @routes.operation("getKeyword", raises=[UnknownKeyword])
    @routes.arguments(NoQuery, location="query")
    @routes.response(200, Keyword, description="It", headers=contract.headers())
    def get_keyword(_: dict[str, Any], keyword: str) -> dict[str, Any]:
        """One keyword: what it means, its unit, what it may be, and where it can be searched for."""
        return _document(_one(api.columns.edition().keywords, keyword))

    return routes


def _one(known: Mapping[str, Entry], name: str) -> Entry:
    """By its very name, or whatever the capitals; ``DATE-OBS`` is ``date_obs``."""
    if name in known:
        return known[name]
    plain = name.lower().replace("-", "_")
    for found, entry in known.items():
        if found.lower() == plain:
            return entry
    detail = f"There is no keyword {name[:100]!r}."
    at = {"pointer": "", "detail": detail, "suggestions": nearest(plain[:100], known)}
    raise UnknownKeyword(detail, errors=[at])


def _page(found: list[tuple[int, Entry]], query: Mapping[str, Any]) -> dict[str, Any]:
    print_ = paging.fingerprint("keywords", query["q"].casefold().split())
    behind = _behind(query.get("cursor"), print_)
    rest = [one for one in found if behind is None or place(one) > behind]
    shown, more = rest[: query["limit"]], len(rest) > query["limit"]
    following = paging.written([print_, *place(shown[-1])]) if more else None
    return {"items": [_document(entry) for _, entry in shown], "next": following, "total": len(found)}


def _behind(cursor: str | None, print_: str) -> tuple[int, str, str] | None:
    """Where a cursor continues: behind a place, not behind a count, so that a refresh in between loses nothing."""
    if cursor is None:
        return None
    match paging.read(cursor):
        case [str(made_for), int(rank), str(plain), str(name)] if made_for == print_:
            return rank, plain, name
        case [str(), int(), str(), str()]:
            raise BadCursor("The cursor was made for another `q`.")
    raise BadCursor("The cursor is not one that this service made.")


def _document(entry: Entry) -> dict[str, Any]:
    members = Keyword().fields.keys() - {"links"}
    return {**{name: getattr(entry, name) for name in members}, "links": {"self": f"/v1/keywords/{entry.name}"}}
