"""The end of exclusive access: what was kept from everybody is released, what was withheld is added.

Release dates are MAST's words, and change: periods are extended, flags lag behind. So the date says only when to ask.
What counts is that MAST gives a file to an anonymous request; until it does, the date is read again and waited for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from topmast_service.archive import observations
from topmast_service.archive.grants import Grants
from topmast_service.archive.portal import Portal
from topmast_service.domain import access, dates, job, releasing
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK, WITHHELD
from topmast_service.errors import Expired, IllegalMove, MissingOnServer, TopmastError, UnknownJob
from topmast_service.store import tables
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table, products_table
from topmast_service.workflows.rights import Rights

log = logging.getLogger(__name__)

Row = dict[str, Any]

MOST_ASKED = 500
"""Files asked about in one look; the rest has its turn in the next."""


@dataclass(frozen=True)
class Releases:
    """Looks at one bundle when something of it may have become public; `wake` begins its next revision."""

    jobs: JobStore
    rights: Rights
    open_grants: Callable[[], Grants]
    open_portal: Callable[[], Portal]
    folder: Path
    wake: Callable[[Job], None]

    def look(self, job_id: str) -> None:
        """Ask MAST about what is due; a MAST that is away is asked another time."""
        with suppress(UnknownJob, Expired):
            found = self.jobs.get(job_id)
            if found.final and found.published:
                self._look(found, self.jobs.now())

    def read_dates(self, bundle: Job) -> None:
        """Read again when MAST releases what a revision of this bundle withheld, before its files are tried again.

        Without an answer the dates stay as they were.
        """
        try:
            self._read_dates(bundle, list(self._rows(bundle, WITHHELD)))
        except TopmastError as error:
            log.warning("release dates of %s: %s", bundle.id, error)

    def _look(self, bundle: Job, now: datetime) -> None:
        try:
            self._release(row for row in self._rows(bundle, OK) if releasing.due(row, now))
            added = releasing.wanted(bundle) and self._public(list(self._rows(bundle, WITHHELD)))
            if not added:
                self._read_dates(bundle, [row for row in self._rows(bundle) if releasing.due(row, now)])
        except TopmastError as error:
            log.warning("releases of %s: %s", bundle.id, error)
            added = False
        self._begin_again(bundle) if added else self._note(bundle, now)

    def _release(self, rows: Iterable[Row]) -> None:
        """Delivered files that MAST gives to everybody by now are for everybody here too."""
        for number, row in enumerate(rows):
            if number == MOST_ASKED:
                return
            if not self.rights.is_public(row) and self._opens(row):
                self.rights.release(row["dataURI"])

    def _public(self, withheld: list[Row]) -> bool:
        """Whether MAST gives any of the withheld files to everybody; one of each observation is asked for."""
        one_each = {row["obs_id"]: row for row in withheld}
        return any(self._opens(row) for row in list(one_each.values())[:MOST_ASKED])

    def _opens(self, row: Row) -> bool:
        try:
            return self.open_grants().opens(row["dataURI"], None)
        except MissingOnServer:
            return False

    def _read_dates(self, bundle: Job, rows: list[Row]) -> None:
        """Write the release dates of today into the product table, where the next manifest has them from."""
        path = products_table(self.folder, bundle.id)
        uris = {row["dataURI"] for row in rows}
        products = [row for row in Table(path).rows("parent_obsid IS NOT NULL") if row["dataURI"] in uris]
        parents = {str(row["parent_obsid"]) for row in products}
        if not parents:
            return
        with closing(self.open_portal()) as portal:
            told = {str(row["obsid"]): row.get("t_obs_release") for row in observations.by_ids(portal, sorted(parents))}
        changed = {row["_row"]: told[str(row["parent_obsid"])] for row in products if str(row["parent_obsid"]) in told}
        tables.amend(path, "t_obs_release", changed)

    def _begin_again(self, bundle: Job) -> None:
        try:
            owed = bundle.owed_at_end or ()
            self.wake(self.jobs.change(bundle.id, lambda latest: job.retry(latest, "again", owed)))
        except IllegalMove:  # its owner was faster
            log.info("%s is being retried already", bundle.id)

    def _note(self, bundle: Job, now: datetime) -> None:
        """When to look again."""
        dated = self._dates(bundle)
        rows = [row | {"release": dated.get(row["dataURI"], row.get("release"))} for row in self._rows(bundle)]
        due = releasing.next_look(bundle, rows, now)
        self.jobs.change(
            bundle.id, lambda latest: replace(latest, release_due=due) if latest.revision == bundle.revision else latest
        )

    def _dates(self, bundle: Job) -> dict[str, str]:
        """The release dates as they were read last."""
        found = Table(products_table(self.folder, bundle.id)).rows("t_obs_release IS NOT NULL")
        return {row["dataURI"]: dates.from_mjd(row["t_obs_release"]).isoformat() for row in found}

    def _rows(self, bundle: Job, *statuses: str) -> Iterator[Row]:
        """What of the current revision is not public, delivered or withheld."""
        table = Table(manifest_table(self.folder, bundle.id, bundle.revision or 0))
        for row in table.rows("access <> ?", access.PUBLIC):
            if row["status"] in (statuses or (OK, WITHHELD)):
                yield row
