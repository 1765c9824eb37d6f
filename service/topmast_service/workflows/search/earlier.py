"""Earlier answers: taken where the user said how old one may be, offered as stale while MAST is away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from topmast_service.domain.job import EXECUTING, Job
from topmast_service.domain.question import digest
from topmast_service.domain.search import Search
from topmast_service.errors import StaleAttempt, UnknownJob
from topmast_service.store.answers import Answered, Answers
from topmast_service.store.jobs import JobStore
from topmast_service.workflows.attempt import Attempt
from topmast_service.workflows.control import rows_table, stale_table

_ALLOWED = "`max_age` allows it."
"""How the note of an earlier answer ends; one that was itself taken from another says it once."""


@dataclass(frozen=True)
class Earlier:
    """Finds, keeps and hands out answers to questions that were asked before.

    A table is taken by another name for the same file: what becomes of the search that fetched it does not matter.
    """

    answers: Answers
    jobs: JobStore
    folder: Path

    def fresh_enough(self, mine: Job, search: Search, now: datetime) -> dict[str, Any] | None:
        """The result of an answer not older than the search's `max_age`, its rows under `mine`; None: ask MAST."""
        known = self._last(search) if search.max_age else None
        if known is None or now - known.as_of > timedelta(seconds=search.max_age):
            return None
        result = self._taken(known, rows_table(self.folder, mine.id), search)
        if result is None:
            return None
        said = f"An answer of {known.as_of:%Y-%m-%d %H:%M:%S} UTC, {_age(now - known.as_of)} old: {_ALLOWED}"
        return {**result, "notes": [*(n for n in result["notes"] if not n.endswith(_ALLOWED)), said]}

    def offer(self, attempt: Attempt, search: Search) -> None:
        """MAST is away: the last answer, however old, is shown as stale until there is a fresh one."""
        known = self._last(search)
        result = self._taken(known, stale_table(self.folder, attempt.job.id), search) if known else None
        if result is not None:
            offered = {"stale": result}
            attempt.change(lambda latest, number: _offering(latest, number, offered))

    def remember(self, mine: Job, search: Search, as_of: datetime) -> None:
        """`mine` has the newest answer; what was offered in its place goes."""
        stale_table(self.folder, mine.id).unlink(missing_ok=True)
        if key := digest(search):
            self.answers.remember(key, Answered(mine.id, as_of), mine.destruction)

    def _last(self, search: Search) -> Answered | None:
        key = digest(search)
        return self.answers.last(key) if key else None

    def _taken(self, known: Answered, path: Path, search: Search) -> dict[str, Any] | None:
        """The result of that search, in the words of the one that asks now, and its rows under `path`."""
        try:
            result = self.jobs.get(known.search_id).result
            if not search.count_only:
                _link(rows_table(self.folder, known.search_id), path)
        except (UnknownJob, FileNotFoundError):
            return None
        return _reworded(result, search) if "as_of" in result else None


def _reworded(result: Mapping[str, Any], search: Search) -> dict[str, Any]:
    place = result.get("resolved")
    if not place or search.target is None:
        return dict(result)
    return {**result, "resolved": {**place, "target": search.target.text}}


def _link(table: Path, path: Path) -> None:
    """`table` under another name as well, in one step: nobody sees half of it, and a repeat changes nothing."""
    aside = path.with_name(f".{path.name}.writing.link")
    aside.unlink(missing_ok=True)
    try:
        os.link(table, aside)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copyfile(table, aside)
    aside.replace(path)
    aside.unlink(missing_ok=True)  # renaming onto another name of the same file does nothing (POSIX)


def _offering(latest: Job, attempt: int, offered: dict[str, Any]) -> Job:
    if latest.phase != EXECUTING or latest.attempt != attempt:
        raise StaleAttempt(f"Attempt {attempt} on {latest.id} no longer counts.")
    return replace(latest, result=offered, version=latest.version + 1)


def _age(age: timedelta) -> str:
    seconds = max(0, round(age.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
