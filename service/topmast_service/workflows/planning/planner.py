"""Plans of bundles: made anew, or taken over from a dry run."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from topmast_service.errors import Expired, UnknownJob
from topmast_service.store.listing import Listing
from topmast_service.workflows.attempt import Attempt
from topmast_service.workflows.control import products_table
from topmast_service.workflows.planning.draft import Draft
from topmast_service.workflows.planning.means import Means


@dataclass(frozen=True)
class Planner:
    """Resolves and selects (design §4, steps 1 and 2)."""

    means: Means

    def plan(self, attempt: Attempt) -> dict[str, Any]:
        """Write the product table of the bundle.

        Returns
        -------
        dict
            ``{"counts": …, "bytes": {"total": …}, "notes": […]}``, and where they were asked for ``completeness`` and
            ``references``.
        """
        if taken := attempt.job.request["from"].get("plan"):
            return self._taken_over(attempt, taken)
        path = products_table(self.means.folder, attempt.job.id)
        parentage = bool((attempt.job.request.get("select") or {}).get("parents"))
        with Listing(path, parentage=parentage) as listing, closing(self.means.open_downloads()) as downloads:
            told = Draft(self.means, attempt, listing, downloads).make()
            attempt.check()  # the table takes its place when this block ends: a successor's must not be replaced
        return told

    def _taken_over(self, attempt: Attempt, plan_id: str) -> dict[str, Any]:
        """What a dry run worked out, as it is: its table has two names then."""
        try:
            planned = attempt.jobs.get(plan_id)
            target = products_table(self.means.folder, attempt.job.id)
            target.unlink(missing_ok=True)
            os.link(products_table(self.means.folder, plan_id), target)
        except (UnknownJob, FileNotFoundError):
            raise Expired(f"Plan {plan_id} is gone.") from None
        return {name: value for name, value in planned.result.items() if name != "plan"}
