"""Whether a file that is there may be had: what the FTPS server asks before it sends one.

Most boxes are public throughout, and then nobody is asked. Else MAST may have to be, which takes as long as it takes;
the server's one loop must not wait, so the question goes to a thread.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

from topmast_service.container import Stores
from topmast_service.domain import access
from topmast_service.domain.audit import Entry
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK
from topmast_service.errors import Expired, NotFound, StoreUnavailable, TopmastError
from topmast_service.ftps.doors import OPEN
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table
from topmast_service.workflows.rights import Rights

THREADS = 4
"""Questions at once; each takes seconds at most (`archive.grants`)."""

_GUARDED = "status = ? AND access <> ?"


class Openings:
    """Asks for one file at a time."""

    def __init__(self, stores: Stores, rights: Rights) -> None:
        self._jobs, self._audit, self._tables = stores.jobs, stores.audit, stores.settings.tables
        self._rights = rights
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="openings")

    def of(self, user: str, path: str) -> Future[str | None]:
        """Why `user` may not have the file at ``/<job id>/<path in the box>``; None if they may."""
        job_id, _, inside = path.strip("/").partition("/")
        try:
            found = self._jobs.get(job_id)
            guarded = _guarded(manifest_table(self._tables, job_id, found.revision or 0))
        except NotFound:  # the server will say so itself
            return OPEN
        except Expired:
            return _closed("Its manifest is gone, and with it what of it is public.")
        except UNAVAILABLE as error:
            raise StoreUnavailable(retry_after=2) from error
        return self._pool.submit(self._why_not, user, found, inside) if guarded else OPEN

    def _why_not(self, user: str, found: Job, inside: str) -> str | None:
        try:
            if row := self._row(found, inside):
                self._rights.check(user, row)
                self._tell(user, found, inside)
        except TopmastError as error:
            return error.detail
        except UNAVAILABLE:
            return StoreUnavailable.title
        return None

    def _tell(self, user: str, found: Job, inside: str) -> None:
        """For the audit log: something that is not public goes out."""
        told = Entry(
            "file_delivered", actor=user, user=user, kind="bundle", object=found.id, path=inside, address="ftps"
        )
        self._audit.count(told, "delivered", user, found.id, inside)

    def _row(self, found: Job, inside: str) -> dict[str, Any] | None:
        table = Table(manifest_table(self._tables, found.id, found.revision or 0))
        return next(table.rows(f"path = ? AND {_GUARDED}", inside, OK, access.PUBLIC), None)


@lru_cache(maxsize=1000)
def _guarded(manifest: Path) -> bool:
    """Whether a revision has files that were not public when it was published; it never changes."""
    return next(Table(manifest).rows(_GUARDED, OK, access.PUBLIC, only=("path",)), None) is not None


def _closed(why: str) -> Future[str | None]:
    answer: Future[str | None] = Future()
    answer.set_result(why)
    return answer
