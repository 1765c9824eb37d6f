"""What the owner of a job may change of it afterwards: its name, how long its files stay, who is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from topmast_service.domain import keeping, notices
from topmast_service.domain.job import Job
from topmast_service.errors import Invalid
from topmast_service.store.jobs import JobStore
from topmast_service.store.users import User
from topmast_service.workflows.control import Control


@dataclass(frozen=True)
class Amendments:
    """Changes jobs for their owners, within the installation's limits."""

    jobs: JobStore
    control: Control
    max_days: int
    hooks: Collection[str]

    def amend(self, user: User, job_id: str, body: Mapping[str, Any], expect: Callable[[Job], None]) -> Job:
        """The job with what `body` has of ``label``, ``destruction`` and ``notify``; all of it or nothing.

        Parameters
        ----------
        expect
            Looks at the very record that is changed, and raises if it is not the one that the user knows.

        Raises
        ------
        Invalid, UnknownHook
            A time that is past or too late, or a hook that is not there.
        IllegalMove
            The files are gone, or whoever was to be told is.
        """
        self.control.get(user, job_id)
        notices.check_hooks(body, self.hooks)
        if "destruction" in body:
            self._check_end(body["destruction"])

        def change(latest: Job) -> Job:
            expect(latest)
            return replace(_amended(latest, user, body), version=latest.version + 1)

        return self.jobs.change(job_id, change)

    def _check_end(self, end: datetime) -> None:
        now = self.jobs.now()
        latest = now + timedelta(days=self.max_days)
        if end <= now:
            raise _not_then("`destruction` is in the past.", "To remove the files now, delete the job.")
        if end > latest:
            raise _not_then(
                f"Nothing is kept for longer than {self.max_days} days here.",
                f"The latest is {latest:%Y-%m-%dT%H:%M:%SZ}.",
            )


def _amended(latest: Job, user: User, body: Mapping[str, Any]) -> Job:
    if "label" in body:
        latest = replace(latest, label=body["label"])
    if "destruction" in body:
        latest = keeping.prolong(latest, body["destruction"])
    if "notify" in body:
        latest = keeping.tell_others(latest, tuple(notices.of_request(body, user.email)))
    return latest


def _not_then(detail: str, hint: str) -> Invalid:
    return Invalid(detail, hint=hint, errors=[{"pointer": "/destruction", "detail": detail, "suggestions": []}])
