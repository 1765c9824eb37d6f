"""Room made by hand: the bundles of a user, old ones, or what is cached of a program. Never what is in use.

Safe beside a running service, and harmless to repeat or to kill: a bundle goes as it does at the end of its retention,
a cached file as it does by eviction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from topmast_service.domain.filename import program_of
from topmast_service.domain.job import Job
from topmast_service.errors import UnknownJob
from topmast_service.staging.space import FOLDERS, Space
from topmast_service.store.census import Census
from topmast_service.store.jobs import JobStore
from topmast_service.workflows.archiving import REMOVING, Archiving, begun
from topmast_service.workflows.eviction import Eviction

REMOVED, IN_USE = "removed", "in use"


@dataclass(frozen=True)
class Purged:
    """What became, or would become, of one bundle or cached file."""

    what: str
    size: int
    verdict: str


@dataclass(frozen=True)
class Purge:
    """With `dry`, only says what it would do."""

    jobs: JobStore
    census: Census
    archiving: Archiving
    eviction: Eviction
    space: Space
    dry: bool

    def bundles(self, user: str | None, older_than: timedelta | None) -> Iterator[Purged]:
        """The staged bundles of `user` (of everybody), published so long ago; those being made anew stay."""
        now = self.jobs.now()
        for found in sorted(self.census.jobs()[0].values(), key=lambda job: job.created):
            if found.kind == "bundle" and found.published and found.owner == (user or found.owner):
                since = found.published_at or found.ended or found.created
                if older_than is None or now - since >= older_than:
                    yield self._bundle(found, now)

    def cached(self, program: str) -> Iterator[Purged]:
        """The cached files of a program that are neither staged nor asked for by a bundle under way."""
        now, wanted, asked = self.jobs.now(), self.eviction.wanted(), self.eviction.asked_by_live()
        for folder in FOLDERS:
            for uri, hashes in self.space.indexed(folder):
                if program_of(uri.rpartition("/")[2]) == program:
                    in_use = asked(uri)
                    yield from (one for h in hashes if (one := self._blob(uri, h, in_use or h in wanted, now)))
        if not self.dry:
            self.eviction.uses.index_is_stale(FOLDERS)

    def _bundle(self, found: Job, now: datetime) -> Purged:
        size = int(found.result.get("bytes", {}).get("total", 0))
        if not found.final:
            return Purged(found.id, size, IN_USE)
        try:
            gone = self.dry or self._archive(found, now)
        except UnknownJob:
            gone = True  # its owner was faster
        return Purged(found.id, size, REMOVED if gone else IN_USE)

    def _archive(self, found: Job, now: datetime) -> bool:
        over = self.jobs.change(found.id, lambda latest: _over(latest, now))
        if over.step == REMOVING:
            self.archiving.finish(over, now)
        return not over.published

    def _blob(self, uri: str, sha256: str, in_use: bool, now: datetime) -> Purged | None:
        blob = self.space.blob(sha256)
        if blob is None:
            return None
        if in_use or blob.pinned:
            return Purged(uri, blob.size, IN_USE)
        if not self.dry and not self.eviction.remove(sha256, now):
            return Purged(uri, blob.size, IN_USE)  # linked in this moment
        return Purged(uri, blob.size, REMOVED)


def _over(latest: Job, now: datetime) -> Job:
    """Archived and due, so that upkeep goes on where we are killed; as it is when its user retries it just now."""
    if not (latest.final and latest.published):
        return latest
    notes = [*latest.result.get("notes", []), f"Its files were removed by an operator on {now:%Y-%m-%d}."]
    return replace(begun(latest), destruction=now, result=latest.result | {"notes": notes})
