"""What the doctor may find: a stable code, what it means, and what repair does about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ERROR, WARNING, NOTE = "error", "warning", "note"
"""Users get something wrong or nothing; something will go wrong; nothing is wrong, but it may explain something."""


@dataclass(frozen=True)
class Kind:
    """One kind of finding. `repair` is empty where a person must decide."""

    severity: str
    means: str
    repair: str = ""


KINDS: dict[str, Kind] = {
    "redis_unreachable": Kind(ERROR, "Redis does not answer, so only the disk was looked at. Does topmast run?"),
    "check_failed": Kind(ERROR, "Something could not be looked at; the reason is in the messages above."),
    "redis_not_durable": Kind(ERROR, "A restart of Redis loses every job. Set `appendonly yes`."),
    "redis_evicts": Kind(ERROR, "Redis drops records when its memory runs short. Set `maxmemory-policy noeviction`."),
    "redis_write_failed": Kind(ERROR, "Redis could not write its file the last time. Look at its log and at the disk."),
    "records_lost": Kind(
        ERROR,
        "Redis knows no job, but there are files of jobs: it is another Redis, or its data are lost. Check "
        "TOPMAST_REDIS_URL, or restore a backup, before upkeep removes the files as nobody's.",
    ),
    "record_unreadable": Kind(ERROR, "A job's record cannot be read by this release. Was it written by a later one?"),
    "job_unlisted": Kind(WARNING, "A record is not on every list it should be on.", "puts it there"),
    "job_gone": Kind(NOTE, "A list names a job whose record is gone.", "strikes it off"),
    "work_of_dead_job": Kind(WARNING, "The work list holds files of a job that is over.", "removes them"),
    "table_missing": Kind(ERROR, "The rows of a job are gone; they cannot be shown. Ask for it again."),
    "table_unreadable": Kind(ERROR, "A table is damaged. Restore it from a backup, or ask for the job again."),
    "table_unrecorded": Kind(WARNING, "A table belongs to no job.", "removes it"),
    "table_unfinished": Kind(NOTE, "A killed worker left a table half written.", "removes it"),
    "bundle_missing": Kind(ERROR, "A published bundle is not on disk.", "builds it anew, if the cache has all of it"),
    "bundle_file_missing": Kind(ERROR, "A published file is not on disk.", "links it from the cache, if it is there"),
    "bundle_file_wrong": Kind(
        ERROR, "A published file is not what its manifest says.", "links the right one from the cache, if it is there"
    ),
    "bundle_file_writable": Kind(WARNING, "A published file can be written to, and is shared.", "makes it read-only"),
    "bundle_file_extra": Kind(WARNING, "A file in a bundle is not in its manifest; somebody put it there."),
    "tree_unrecorded": Kind(WARNING, "A staged folder belongs to no job.", "removes it"),
    "stage_writable": Kind(WARNING, "Others than the service may change a folder of staged files.", "forbids it"),
    "blob_wrong_size": Kind(ERROR, "A cached file is not as long as it was.", "removes it; it is fetched again"),
    "blob_wrong_hash": Kind(ERROR, "A cached file holds other bytes than it did.", "removes it; it is fetched again"),
    "blob_writable": Kind(WARNING, "A cached file can be written to, and is shared.", "makes it read-only"),
    "blob_unindexed": Kind(NOTE, "No dataURI leads to a cached file; it only takes room.", "removes it unless staged"),
    "index_stale": Kind(NOTE, "The cache's index names files that are gone.", "lets it forget them"),
    "index_unreadable": Kind(WARNING, "An index file of the cache is damaged.", "removes it; what it named comes anew"),
    "part_abandoned": Kind(WARNING, "A transfer was left that no job continues. Does upkeep run?", "removes it"),
    "secret_readable": Kind(ERROR, "Others than the service may read what is secret.", "forbids it"),
    "disk_low": Kind(ERROR, "The disk has less room than TOPMAST_KEEP_FREE_BYTES: transfers wait."),
    "cache_over_high": Kind(NOTE, "The cache is above its upper mark; upkeep shrinks it to the lower one."),
}
"""All of them. A code never changes its meaning."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `mend` tries to put it right and tells whether it did."""

    code: str
    subject: str
    detail: str = ""
    mend: Callable[[], bool] | None = field(default=None, compare=False)

    @property
    def kind(self) -> Kind:
        """What its code stands for."""
        return KINDS[self.code]

    def document(self, repaired: bool) -> dict[str, Any]:
        """For JSON."""
        kind = self.kind
        told = {"code": self.code, "severity": kind.severity, "subject": self.subject, "detail": self.detail}
        return told | {"means": kind.means, "repair": kind.repair, "repaired": repaired}
