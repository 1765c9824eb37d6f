"""How long a bundle's files stay: the warning before they go, and what its owner may change.

A record remembers in `warned` for which end a warning was owed, so that each end is warned of exactly once, and after
an extension the next one again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from topmast_service.domain import notices
from topmast_service.domain.job import ARCHIVED, Job
from topmast_service.domain.notices import ACKNOWLEDGE, EXPIRING, HOOK, READY
from topmast_service.errors import IllegalMove

LEAD = timedelta(days=1)
"""So long before its files go a bundle's users are warned; at most half of its retention."""


def lead(job: Job) -> timedelta:
    """How long before the end the warning is due."""
    return min(LEAD, timedelta(days=job.retention_days) / 2)


def warning_due(job: Job) -> datetime | None:
    """When whoever was told of READY is to be warned; None when nobody is, or has been already of this end."""
    keeps = job.kind == "bundle" and job.final and job.published
    if not keeps or job.warned == job.destruction or not notices.recipients(job.owed_at_end or (), READY):
        return None
    return job.destruction - lead(job)


def warn(job: Job, now: datetime) -> Job:
    """The warning is owed, if it is due.

    Nobody's files go unwarned: where topmast was stopped until after the end, they stay for the lead from now.
    """
    due = warning_due(job)
    if due is None or now < due:
        return job
    owed = tuple(f"{EXPIRING} {address}" for address in notices.recipients(job.owed_at_end or (), READY))
    end = job.destruction if now < job.destruction else now + lead(job)
    version = job.version + (end != job.destruction)
    return replace(job, notices=notices.merged(job.notices, owed), destruction=end, warned=end, version=version)


def prolong(job: Job, until: datetime) -> Job:
    """The files stay until then (or go then); a warning of the old end that was not sent yet is forgotten.

    Raises
    ------
    IllegalMove
        They are gone.
    """
    if job.phase == ARCHIVED:
        raise IllegalMove(f"The files of job {job.id} are gone.", hint="Submit its request again.")
    if until == job.destruction:
        return job
    return replace(job, destruction=until, warned=None, notices=notices.without(job.notices, EXPIRING))


def tell_others(job: Job, owed: tuple[str, ...]) -> Job:
    """`owed` is told at the end of this bundle, and of its next revisions, to nobody else.

    Raises
    ------
    IllegalMove
        It has ended, and whoever was to be told is.
    """
    if job.kind != "bundle" or job.final:
        raise IllegalMove(f"Only a bundle that has not ended tells others; {job.id} is {job.phase}.")
    owed_at_end = notices.without(owed, ACKNOWLEDGE)
    return replace(job, owed_at_end=owed_at_end, notices=(*notices.without(job.notices, READY, HOOK), *owed_at_end))
