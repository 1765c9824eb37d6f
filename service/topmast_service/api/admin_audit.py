"""/v1/admin/audit: who did what, for operators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from topmast_service.api import contract, paging
from topmast_service.api.auth import require_key
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.audit import AuditPage, AuditQuery
from topmast_service.container import Api
from topmast_service.domain.audit import Asked, order_of
from topmast_service.domain.scopes import ADMIN
from topmast_service.errors import BadCursor

_FILTERS = ("user", "action", "object", "since", "until")
_ENTRY = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


def make(api: Api) -> Routes:
    """The route."""
    routes = Routes("audit", __name__, url_prefix="/v1/admin/audit", description="Who did what, for operators")
    require_key(routes, api.stores)

    @routes.route("", methods=["GET"])
    @routes.operation("listAudit", scope=ADMIN, raises=[BadCursor])
    @routes.arguments(AuditQuery, location="query")
    @routes.response(200, AuditPage, description="A page of entries", headers=contract.headers("Link"))
    def list_audit(query: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Who did what to which object, from where: newest first. For operators.

        Everything that changes something is there, whatever came of it; refusals and deliveries of what is not public
        are counted by the minute.
        """
        filters = paging.fingerprint("audit", *(query.get(name) for name in _FILTERS))
        asked = Asked(**{name: query.get(name) for name in _FILTERS})
        found = api.stores.audit.newest_first(asked, _behind(query, filters))
        page = list(islice(found, query["limit"] + 1))
        items, more = page[: query["limit"]], len(page) > query["limit"]
        following = paging.written([filters, items[-1].id]) if more else None
        return {"items": items, "next": following}, paging.next_link(following)

    return routes


def _behind(query: Mapping[str, Any], filters: str) -> tuple[int, int] | None:
    """The entry that a page follows.

    Raises
    ------
    BadCursor
        The cursor is not one of ours, or was made for other filters.
    """
    if query.get("cursor") is None:
        return None
    match paging.read(query["cursor"]):
        case [str(made_for), str(entry)] if made_for == filters and _ENTRY.fullmatch(entry):
            return order_of(entry)
    raise BadCursor("The cursor is not one that this service made for these filters.")
