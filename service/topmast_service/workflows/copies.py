"""Copies of bundles into shared folders: file after file, verified, in steps, resumable at any moment.

A step takes some ten seconds (or one file), then the job queues again, so that others get their turn. What is copied is
what the box's own ``sha256sums.txt`` lists, and that file itself at the very end: where it is, the copy is whole. How
far a copy is stands in its record as a position in that list; whoever goes on after a killed worker finds the files
behind it by their checksums.

It runs on the queue ``transfer``, whose threads move bytes and wait for disks; they are two more than there are
connections to MAST. Of the query worker's two children a copy would keep one from all searches.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from topmast_service.domain import access, job
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK
from topmast_service.domain.place import place
from topmast_service.errors import CopiesNotAllowed, CopyFailed, Expired, UnknownJob
from topmast_service.staging.manifest_files import SUMS
from topmast_service.staging.shared import KEPT, CannotPut, SharedFolder
from topmast_service.staging.tree import Trees
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.workflows.attempt import Attempt, Terms, work
from topmast_service.workflows.control import manifest_table
from topmast_service.workflows.rights import Rights

STEP_SECONDS = 10.0
TELL_SECONDS = 1.0
MOST_FAILURES = 20
"""Files that could not be copied which are named in the record; all are counted."""


@dataclass
class Tally:
    """What has become of a copy, as its record keeps it; `at` is the position in the box's list."""

    bundle: str
    revision: int
    directory: str
    at: int = 0
    files: int = 0
    bytes: int = 0
    kept: int = 0
    failed: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Listed:
    """A line of the box's list: where the next begins, the file's path and checksum."""

    end: int
    path: str
    sha256: str


class Stopping(Exception):
    """The process is told to stop: the rest is done elsewhere."""


@dataclass(frozen=True)
class Copies:
    """Carries copies on; `wake` tells the workers that there is more to do."""

    jobs: JobStore
    trees: Trees
    roots: Sequence[str]
    terms: Terms
    wake: Callable[[Job], None]
    rights: Rights
    tables: Path
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, job_id: str) -> None:
        """One step of a copy."""
        work(self.jobs, job_id, "copy", self.terms, self._step)

    def _step(self, attempt: Attempt) -> None:
        bundle, until = self._bundle(attempt.job), time.monotonic() + STEP_SECONDS
        tally = self._so_far(attempt.job, bundle)
        box = self.trees.path(bundle.owner, bundle.id, tally.revision)
        with _opened(box, SUMS) as sums, self._folder(attempt.job) as folder:
            closed = self._closed(bundle, tally)
            copying = _Copying(attempt, folder, box, tally, stopping=self.stopping, closed=closed)
            try:
                copying.begin(sums)
                for listed in _listed(sums, tally.at):
                    copying.copy(listed)
                    if time.monotonic() > until or self.stopping.is_set():
                        raise Stopping
                copying.seal(sums)
            except Stopping:
                self.wake(attempt.change(copying.handed_over))
            else:
                copying.finish()

    def _bundle(self, copy: Job) -> Job:
        try:
            return self.jobs.get(copy.request["bundle"])
        except UnknownJob:
            raise Expired(f"Bundle {copy.request['bundle']} was deleted.") from None

    def _closed(self, bundle: Job, tally: Tally) -> frozenset[str]:
        """What is not for everybody: whoever can read the folder need not be in the program."""
        try:
            manifest = Table(manifest_table(self.tables, bundle.id, tally.revision))
        except Expired:
            raise Expired(f"The manifest of bundle {bundle.id} is gone, and with it what of it is public.") from None
        return self.rights.closed(None, manifest.rows("status = ? AND access <> ?", OK, access.PUBLIC))

    def _so_far(self, copy: Job, bundle: Job) -> Tally:
        if copy.result:
            return Tally(**copy.result)
        if not bundle.published:
            raise Expired(f"The files of bundle {bundle.id} are gone.")
        return Tally(bundle.id, bundle.revision or 0, place(copy.request["directory"], self.roots).path)

    def _folder(self, copy: Job) -> SharedFolder:
        where = place(copy.request["directory"], self.roots)
        try:
            return SharedFolder(Path(where.root), where.inside, copy.id, copy.attempt)
        except CannotPut as error:
            raise CopiesNotAllowed(f"{where.path}: {error}.") from None
        except OSError as error:
            raise CopyFailed(f"{where.path}: {error.strerror}.") from error


class _Copying:
    """One step's work: files into the folder, the tally into the record at most once a second."""

    def __init__(
        self,
        attempt: Attempt,
        folder: SharedFolder,
        box: Path,
        tally: Tally,
        *,
        stopping: threading.Event,
        closed: frozenset[str],
    ) -> None:
        self._attempt, self._folder, self._box, self._tally, self._stopping = attempt, folder, box, tally, stopping
        self._closed = closed
        self._overwrite = bool(attempt.job.request.get("overwrite"))
        self._totals = {k: v for k, v in attempt.job.progress.items() if k.endswith("_total")}
        self._moving = 0
        self._told = time.monotonic()

    def begin(self, sums: BufferedReader) -> None:
        """At first: how much there is to do. The mark of an earlier copy goes before what it stands for is replaced."""
        if self._totals:
            return
        self._totals = _totals(sums, self._box)
        if self._overwrite:
            self._folder.take_away(SUMS, _sum(sums))

    def copy(self, listed: Listed) -> None:
        """One file; what keeps it from being copied is noted, and the others are copied all the same."""
        try:
            if listed.path in self._closed:
                raise CannotPut("it is in exclusive access, and others can read this folder")
            with _opened(self._box, listed.path) as source:
                self._put(source, listed)
        except CannotPut as error:
            self._fail(listed.path, str(error))
        except OSError as error:
            self._fail(listed.path, error.strerror or type(error).__name__)
        self._tally.at, self._moving = listed.end, 0
        self._tell()

    def seal(self, sums: BufferedReader) -> None:
        """The list itself, if all that it lists is there."""
        if not self._tally.failed:
            self.copy(Listed(self._tally.at, SUMS, _sum(sums)))

    def handed_over(self, latest: Job, number: int) -> Job:
        """The record where others go on."""
        self._moving = 0
        return job.hand_over(latest, number, "copy", result=asdict(self._tally), progress=self._progress())

    def finish(self) -> None:
        """The end; `partial` if some files are not there."""
        now, outcome = self._attempt.jobs.now(), "partial" if self._tally.failed else "complete"
        more = {"result": asdict(self._tally), "progress": self._progress()}
        self._attempt.change(lambda latest, number: job.finish(latest, number, now, outcome, **more))

    def _put(self, source: BufferedReader, listed: Listed) -> None:
        how = self._folder.put(source, listed.path, listed.sha256, overwrite=self._overwrite, watch=self._moved)
        self._tally.kept += how == KEPT
        self._tally.files += how != KEPT
        self._tally.bytes += os.fstat(source.fileno()).st_size

    def _fail(self, path: str, why: str) -> None:
        self._tally.failed += 1
        if len(self._tally.failures) < MOST_FAILURES:
            self._tally.failures.append({"path": path, "reason": why})

    def _moved(self, size: int) -> None:
        """So many bytes more of the file on its way, unless this process is to stop."""
        self._moving += size
        if self._stopping.is_set():
            raise Stopping
        self._tell()

    def _tell(self) -> None:
        """Now and then the record is told, and thereby asked whether this attempt still counts."""
        if time.monotonic() - self._told < TELL_SECONDS:
            return
        now, progress, result = self._attempt.jobs.now(), self._progress(), asdict(self._tally)
        self._attempt.change(lambda latest, number: job.report(latest, number, now, progress, result))
        self._told = time.monotonic()

    def _progress(self) -> dict[str, Any]:
        done = self._tally.files + self._tally.kept + self._tally.failed
        moved = {"files_done": done, "files_failed": self._tally.failed, "bytes_done": self._tally.bytes + self._moving}
        return self._totals | moved


def _opened(box: Path, path: str) -> BufferedReader:
    """A file of the box; open, it stays readable whatever becomes of the bundle.

    Raises
    ------
    Expired
        The whole box is gone.
    """
    try:
        return (box / path).open("rb")
    except FileNotFoundError:
        if box.is_dir():
            raise CannotPut("it is missing in the bundle") from None
        raise Expired("The files of the bundle were removed before all were copied.") from None


def _listed(sums: BufferedReader, start: int) -> Iterator[Listed]:
    """The lines from `start` on: ``<sha256>  <path>``."""
    sums.seek(start)
    for line in sums:
        start += len(line)
        yield Listed(start, line[66:].decode().rstrip("\n"), line[:64].decode())


def _sum(sums: BufferedReader) -> str:
    sums.seek(0)
    return hashlib.file_digest(sums, "sha256").hexdigest()


def _totals(sums: BufferedReader, box: Path) -> dict[str, Any]:
    """Files and bytes in all, the list itself among them."""
    files, size = 1, (box / SUMS).stat().st_size
    for listed in _listed(sums, 0):
        files += 1
        path = box / listed.path
        size += path.stat().st_size if path.exists() else 0
    return {"files_total": files, "bytes_total": size}
