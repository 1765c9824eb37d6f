"""Hooks of bundles that are complete: started by upkeep, each in a thread of its own, so that a slow one stalls nobody.

A hook is run at least once for each revision. Exactly once cannot be had: whoever dies between the hook's end and the
record of it leaves no trace of the first run. A hook tells its runs apart by TOPMAST_JOB and TOPMAST_REVISION.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from topmast_service.domain.job import COMPLETED, Job
from topmast_service.domain.notices import HOOK, HOOK_NOTE
from topmast_service.errors import UnknownJob
from topmast_service.notify.hooks import Ended, run
from topmast_service.staging.manifest_files import RECORD
from topmast_service.staging.tree import Trees
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.jobs import JobStore

log = logging.getLogger(__name__)

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
"""From the start of a failing run to the next; after one run more than these it is given up."""

PLACES = 4
"""Hooks that run at once; others wait in their jobs' records."""


@dataclass(frozen=True)
class Hooks:
    """Runs what the records owe; `commands` are the operator's, by name."""

    jobs: JobStore
    trees: Trees
    commands: Mapping[str, Path]
    places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(PLACES))

    def call(self, told: Job, notice: str) -> None:
        """Begin one hook of an ended job, if it is due and there is a place; returns at once.

        The gate in Redis, not this process, says that it was begun: it outlives us as long as a hook may run.
        """
        name, failed = _read(notice)
        if told.phase != COMPLETED:
            self._note(told, notice, None)  # there is nothing complete
        elif self.places.acquire(blocking=False):
            gate = f"hook:{told.id}:{told.revision}:{name}"
            if self.jobs.once(gate, PAUSES[min(failed, len(PAUSES) - 1)]):
                threading.Thread(target=self._run, args=(told, notice), daemon=True, name=gate).start()
            else:
                self.places.release()

    def _run(self, told: Job, notice: str) -> None:
        name, failed = _read(notice)
        try:
            ended = self._ended(told, name)
            level = logging.INFO if not ended.failure else logging.ERROR if _last(failed) else logging.WARNING
            how = ended.failure or "done"
            log.log(level, "run %d of hook %s of %s: %s; it said: %s", failed + 1, name, told.id, how, ended.output)
            self._note(told, notice, ended.failure)
        except UnknownJob:
            log.info("%s was deleted while its hook %s ran", told.id, name)
        except UNAVAILABLE:
            log.warning("hook %s of %s will be run again: Redis is away", name, told.id)
        finally:
            self.places.release()

    def _ended(self, told: Job, name: str) -> Ended:
        if name not in self.commands:
            return Ended("this topmast no longer has it", "")
        box = self.trees.path(told.owner, told.id, told.revision or 0)
        folder = box.parent.absolute() if box.is_dir() else Path("/")
        return run(self.commands[name], (box / RECORD).absolute(), _environment(told, box.absolute()), folder)

    def _note(self, told: Job, notice: str, failure: str | None) -> None:
        self.jobs.change(told.id, lambda latest: _after(latest, told, notice, failure))


def _after(latest: Job, told: Job, notice: str, failure: str | None) -> Job:
    """The record after a hook ended; as it is where a retry owes the hook for its next revision."""
    if notice not in latest.notices or latest.ended != told.ended:
        return latest
    name, failed = _read(notice)
    if failure is not None and not _last(failed):
        return replace(
            latest, notices=tuple(f"{HOOK} {name} {failed + 1}" if n == notice else n for n in latest.notices)
        )
    over = replace(latest, notices=tuple(n for n in latest.notices if n != notice))
    if failure is None:
        return over
    note = f"{HOOK_NOTE}{name} was given up after {failed + 1} runs: {failure}."
    notes = [*latest.result.get("notes", []), note]
    return replace(over, result={**latest.result, "notes": notes}, version=latest.version + 1)


def _last(failed: int) -> bool:
    """Whether a run after so many failures is the last one."""
    return failed >= len(PAUSES)


def _environment(told: Job, box: Path) -> dict[str, str]:
    return {
        "TOPMAST_JOB": told.id,
        "TOPMAST_REVISION": str(told.revision),
        "TOPMAST_OUTCOME": told.outcome or "",
        "TOPMAST_OWNER": told.owner,
        "TOPMAST_BOX": str(box),
        "TOPMAST_MANIFEST": str(box / RECORD),
    }


def _read(notice: str) -> tuple[str, int]:
    """The hook's name, and how often it failed."""
    _, name, *failed = notice.split()
    return name, int(failed[0]) if failed else 0
