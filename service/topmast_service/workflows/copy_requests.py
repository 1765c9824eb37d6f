"""Asking for a copy of a bundle: whether it may be put there is told before anything is created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topmast_service.domain.job import Job
from topmast_service.domain.place import place
from topmast_service.store.users import User
from topmast_service.workflows.submit import Submissions, Submitted, copies_of


@dataclass(frozen=True)
class CopyRequests:
    """Takes requests for copies into folders below the operator's `roots`."""

    submissions: Submissions
    roots: Sequence[str]

    def earlier(self, user: User, bundle_id: str, body: Mapping[str, Any], key: str | None) -> Submitted | None:
        """The copy that an earlier request with this key asked for, whatever has become of the bundle since."""
        return self.submissions.earlier(user, copies_of(bundle_id), {"bundle": bundle_id, **body}, key)

    def submit(self, user: User, bundle: Job, body: Mapping[str, Any], key: str | None = None) -> Submitted:
        """A copy of a published bundle; a worker finds out whether the folder can be written to.

        Raises
        ------
        CopiesNotAllowed
            The folder is not below one of the roots.
        """
        place(body["directory"], self.roots)
        return self.submissions.copy(user, {"bundle": bundle.id, **body}, key)
