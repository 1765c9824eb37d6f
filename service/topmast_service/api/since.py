"""Rows as they are asked for: all that a search found, or with ``since=`` what changed from an earlier one."""

from __future__ import annotations

from typing import Any

from topmast_service.api import results
from topmast_service.container import Api
from topmast_service.domain.job import Job
from topmast_service.errors import NotReady
from topmast_service.store.tables import Table
from topmast_service.store.users import User
from topmast_service.workflows import changes


def shown(api: Api, user: User, search: Job, since: str | None) -> tuple[Table, dict[str, Any]]:
    """The table, and what is known of it: `results.facts`, with `notes` about the comparison if there is one.

    Raises
    ------
    UnknownJob, NotReady, NoResult, Expired, NotComparable
        One of the two searches is not there, has no rows of its own, or cannot be compared with the other.
    """
    if since is None:
        return results.rows(api, search), results.facts(search)
    earlier = results.one(api, user, since, "search")
    for each in (search, earlier):
        results.rows(api, each)
        if results.facts(each)["stale"]:
            raise NotReady(f"{each.id} has no rows of its own yet: MAST is away.", retry_after=30)
    path, notes = changes.between(api.stores.settings.tables, search, earlier)
    return Table(path, api.stores.jobs.now()), {**results.facts(search), "notes": notes}
