"""Whether a user may have more: asked when a job is submitted, and when a plan says how many bytes it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from topmast_service.domain.job import Job
from topmast_service.domain.quota import Used, check_bytes, check_jobs
from topmast_service.errors import UnknownJob
from topmast_service.store.holdings import Holdings
from topmast_service.store.jobs import JobStore
from topmast_service.store.quotas import Quotas


@dataclass(frozen=True)
class QuotaKeeper:
    """Looks at what users have beside what they may have."""

    jobs: JobStore
    quotas: Quotas
    holdings: Holdings

    @contextmanager
    def place_for(self, new: Job) -> Iterator[None]:
        """Room for one more open job, kept until the block has stored it; one that is open already has it.

        Raises
        ------
        OverQuota
            There is none, or not a byte is left for a bundle.
        """
        quota = self.quotas.of(new.owner)
        if not quota.open_jobs and not (quota.staged_bytes and new.kind == "bundle"):
            yield
            return
        with self.quotas.one_at_a_time(new.owner):
            if not self._is_open(new.id):
                check_jobs(Used(quota.open_jobs, self.holdings.open_jobs(new.owner)))
                if new.kind == "bundle":
                    check_bytes(self.staged(new.owner, besides=new.id), 1)
            yield

    @contextmanager
    def room_for(self, bundle: Job, needed: int) -> Iterator[None]:
        """Room for the bytes of a bundle, kept until the block has written into its record how many they are.

        Raises
        ------
        OverQuota
            They do not fit; says how many would.
        """
        if not self.quotas.of(bundle.owner).staged_bytes:
            yield
            return
        with self.quotas.one_at_a_time(bundle.owner):
            check_bytes(self.staged(bundle.owner, besides=bundle.id), needed)
            yield

    def staged(self, owner: str, besides: str = "") -> Used:
        """The user's bytes; without one bundle, of which another revision is made."""
        return Used(self.quotas.of(owner).staged_bytes, self.holdings.staged_bytes(owner, besides))

    def of_plan(self, owner: str, needed: int) -> dict[str, Any]:
        """``{"limit", "used", "needed", "fits"}`` of a dry run."""
        staged = self.staged(owner)
        return {**staged.document(), "needed": needed, "fits": staged.fits(needed)}

    def document(self, owner: str) -> dict[str, Any]:
        """``{"open_jobs", "staged_bytes"}``, each with limit and used."""
        quota = self.quotas.of(owner)
        jobs = Used(quota.open_jobs, self.holdings.open_jobs(owner))
        return {"open_jobs": jobs.document(), "staged_bytes": self.staged(owner).document()}

    def _is_open(self, job_id: str) -> bool:
        """A repeated request finds its job, and takes no place of its own."""
        try:
            return not self.jobs.get(job_id).final
        except UnknownJob:
            return False
