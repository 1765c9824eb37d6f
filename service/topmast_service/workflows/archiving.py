"""How the files of a job go while its record and its manifest stay: at the end of its retention, or by hand.

The record first, then the files, then the record again: whoever is killed in between leaves a job that is still due,
and upkeep's next round removes what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.staging.tree import Trees
from topmast_service.store.jobs import JobStore
from topmast_service.workflows.control import manifest_table, tables_of

RECORD_AGE = timedelta(days=365)
"""How long a job is remembered after its files are gone."""

REMOVING = "remove"
"""The step of an archived job whose files are not all gone yet."""


def begun(found: Job) -> Job:
    """A final job that nobody shows any more, its files still to be removed."""
    return replace(job.archive(found), step=REMOVING)


@dataclass(frozen=True)
class Archiving:
    """Removes what an archived job had."""

    jobs: JobStore
    trees: Trees
    folder: Path

    def finish(self, over: Job, now: datetime) -> None:
        """Remove the files of a job that is `begun`; then it is only remembered."""
        self.trees.remove(over.owner, over.id)
        kept = manifest_table(self.folder, over.id, over.revision or 0)
        for table in tables_of(self.folder, over.id):
            if table != kept:
                table.unlink(missing_ok=True)
        self.jobs.change(over.id, lambda latest: job.keep_until(replace(latest, step=""), now + RECORD_AGE))
