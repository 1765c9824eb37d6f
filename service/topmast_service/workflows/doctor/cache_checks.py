"""The cache against itself: every blob whole and known, every index file readable, no transfer left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from topmast_service.staging.audit import Audit
from topmast_service.staging.disk import Limits
from topmast_service.staging.space import FOLDERS
from topmast_service.workflows.doctor.finding import Finding


def blobs(audit: Audit) -> Iterator[Finding]:
    """Sizes, permissions and index, without reading a blob."""
    known: dict[str, int] = {}
    for entry in audit.index():
        if entry.uri is None:
            yield Finding("index_unreadable", entry.name, mend=partial(audit.drop_index, entry))
            continue
        known.update(entry.sizes)
        if entry.stale:
            yield Finding("index_stale", entry.uri, mend=partial(audit.tidy, entry))
    for folder in FOLDERS:
        for blob in audit.space.blobs(folder):
            yield from _blob(audit, blob.sha256, blob.size, known.get(blob.sha256))


def _blob(audit: Audit, sha256: str, size: int, known: int | None) -> Iterator[Finding]:
    if known is None:
        yield Finding("blob_unindexed", sha256, f"{size} bytes", lambda: bool(audit.space.evict(sha256)))
    elif known != size:
        yield Finding("blob_wrong_size", sha256, f"{size} bytes, not {known}", partial(audit.drop_blob, sha256))
    if audit.writable(sha256):
        yield Finding("blob_writable", sha256, mend=partial(audit.make_read_only, sha256))


def hashes(audit: Audit) -> Iterator[Finding]:
    """Every blob read and hashed: at a disk's full speed, hours for a large cache."""
    for folder in FOLDERS:
        for blob in audit.space.blobs(folder):
            found = audit.hash_of(blob.sha256)
            if found not in (None, blob.sha256):
                yield Finding("blob_wrong_hash", blob.sha256, f"is {found}", partial(audit.drop_blob, blob.sha256))


def parts(audit: Audit, wanted: Callable[[str], bool]) -> Iterator[Finding]:
    """Transfers that nobody holds and no live job wants."""
    for name, uri in audit.idle_parts():
        if uri is None or not wanted(uri):
            yield Finding("part_abandoned", uri or name, mend=partial(audit.drop_part, name, wanted))


def room(audit: Audit, root: Path, limits: Limits) -> Iterator[Finding]:
    """The disk and the cache against their limits."""
    disk = audit.space.disk()
    if disk.free < limits.keep_free:
        yield Finding("disk_low", str(root), f"{disk.free / 1e9:.1f} GB free, {limits.keep_free / 1e9:.1f} GB to keep")
    cached = sum(blob.size for folder in FOLDERS for blob in audit.space.blobs(folder))
    if cached > limits.high:
        yield Finding("cache_over_high", str(root), f"{cached / 1e9:.1f} GB of {limits.high / 1e9:.1f} GB")
