"""/v1/observations/{obs_id}/mrp.zip: one observation in one call."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from topmast_service.api import contract, documents
from topmast_service.api.auth import require_key, user
from topmast_service.api.routes import Routes
from topmast_service.api.schemas.bundle import BundleDocument
from topmast_service.api.schemas.direct import OBS_ID, PreferHeader
from topmast_service.api.schemas.parameters import NoQuery
from topmast_service.api.submitting import Answer
from topmast_service.api.waiting import Waiters, preferred
from topmast_service.container import Api
from topmast_service.domain.scopes import BUNDLE
from topmast_service.errors import NotFound, OverQuota


def make(api: Api, waiters: Waiters) -> Routes:
    """The route."""
    routes = Routes("direct", __name__, url_prefix="/v1/observations", description="One observation in one call")
    require_key(routes, api.stores)
    document = partial(documents.of_bundle, settings=api.stores.settings, versions=api.versions)

    @routes.route("/<obs_id>/mrp.zip", methods=["GET"], parameters=[OBS_ID], tags=["bundles"])
    @routes.operation("getMrp", scope=BUNDLE, raises=[NotFound, OverQuota])
    @routes.arguments(PreferHeader, location="headers")
    @routes.arguments(NoQuery, location="query")
    @routes.response(
        202,
        BundleDocument,
        description="Its bundle is under way, at Location",
        headers=contract.headers("Location", "Retry-After"),
    )
    @routes.alt_response(
        303,
        schema=BundleDocument,
        description="The archive of its bundle is at Location",
        headers=contract.headers("Location", "Preference-Applied"),
    )
    def get_mrp(headers: dict[str, str], _: dict[str, Any], obs_id: str) -> Answer:
        """The Minimum Recommended Products of one observation: its bundle of today, found or begun.

        Ask again until it is 303; what follows redirects then has the archive. A bundle that ended badly, was
        archived or deleted is begun anew.
        """
        if not re.fullmatch(OBS_ID["schema"]["pattern"], obs_id):
            raise NotFound(f"No observation is called {obs_id[:200]!r}.")
        wait = preferred(headers["prefer"])
        job = waiters.for_end(user(), api.submissions.mrp(user(), obs_id).job, wait)
        if not job.published:
            return document(job), 202, {"Location": f"/v1/jobs/{job.id}", "Retry-After": "1"}
        if job.outcome == "empty":
            hint = f"Check the name. To have MAST asked again today, delete {job.id}."
            raise NotFound(f"MAST has no recommended products of an observation called {obs_id!r}.", hint=hint)
        applied = {"Preference-Applied": f"wait={wait}"} if wait else {}
        return document(job), 303, {"Location": f"/v1/bundles/{job.id}/archive.zip", **applied}

    return routes
