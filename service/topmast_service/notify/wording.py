"""Values as a reader wants them: one line each, whatever was put into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from topmast_service.domain.job import Job
from topmast_service.domain.manifest import HELP_DESK, ManifestRow

SHOWN_FAILURES = 20


def plain(text: object, limit: int = 200) -> str:
    """One printable line of at most `limit` characters: no line ends, no control or direction characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def human_bytes(size: int) -> str:
    """``1234567`` → ``1.23 MB`` (powers of 1000, as disks and MAST count)."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if value < 1000 or unit == "PB":
            break
        value /= 1000
    return f"{size} B" if unit == "B" else f"{value:.3g} {unit}"


def moment(time: datetime) -> str:
    """``2027-03-01 14:05 UTC``."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def job_line(job: Job) -> str:
    """Id and label."""
    return f"{job.id} ({plain(job.label, 100)})" if job.label else job.id


def asked(request: Mapping[str, Any]) -> str:
    """What a bundle request asked for."""
    source = request.get("from") or {}
    parts = [_source(kind, value) for kind, value in source.items()]
    chosen = {name: value for name, value in (request.get("select") or {}).items() if value not in (None, [], "")}
    chosen |= {name: request[name] for name in ("start", "layout") if request.get(name)}
    parts += [f"{name.replace('_', ' ')}: {_listed(value)}" for name, value in chosen.items()]
    return plain("; ".join(parts), 500) or "(nothing stated)"


def files_line(job: Job) -> str:
    """How many of the selected files are there, and where they came from."""
    counts = _counts(job)
    missing = f", {counts['failed']:,} not delivered" if counts["failed"] else ""
    source = f"{counts['fetched']:,} fetched now, {counts['cached']:,} already here"
    return f"{counts['ok']:,} of {counts['ok'] + counts['failed']:,}{missing} ({source})"


def size_line(job: Job) -> str:
    """Bytes in all, and how many of them had to be fetched."""
    size = {"total": 0, "fetched": 0, "cached": 0} | job.result.get("bytes", {})
    return f"{human_bytes(size['total'])} ({human_bytes(size['fetched'])} fetched now)"


def summary(job: Job) -> str:
    """The end of the subject: ``is ready: 12 files, 1.23 GB``."""
    counts, size = _counts(job), job.result.get("bytes", {}).get("total", 0)
    if job.phase == "ERROR":
        return f"failed: {plain((job.error or {}).get('title', 'no result'))}"
    if job.outcome == "empty":
        return "found nothing to deliver"
    done = f"{counts['ok']:,} {_plural('file', counts['ok'])}, {human_bytes(size)}"
    return f"is ready: {done}" + (f", {counts['failed']:,} not delivered" if counts["failed"] else "")


def failures_block(rows: Sequence[ManifestRow]) -> str:
    """What failed and why, the first 20; empty when nothing did."""
    if not rows:
        return ""
    lines = [f"  {plain(row.productFilename, 150)}: {plain(row.reason, 250)}" for row in rows[:SHOWN_FAILURES]]
    if len(rows) > SHOWN_FAILURES:
        lines.append(f"  ... and {len(rows) - SHOWN_FAILURES:,} more, all in the manifest")
    return "\n".join(("Not delivered", "", *lines, "", f"Questions about files that MAST lacks: {HELP_DESK}", "", ""))


def _counts(job: Job) -> dict[str, int]:
    counts: dict[str, int] = {"ok": 0, "cached": 0, "fetched": 0, "failed": 0}
    counts.update(job.result.get("counts", {}))
    return counts


def _source(kind: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        noun = _plural({"observations": "observation", "uris": "file"}.get(kind, kind), len(value))
        return f"{len(value):,} {noun}: {_listed(value)}"
    if isinstance(value, Mapping):  # a list from elsewhere, as it was understood
        return f"a list of {len(value['uris']):,} files and {len(value['observations']):,} observations"
    return f"{kind} {value}"


def _listed(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, list | tuple):
        return str(value)
    shown = ", ".join(str(item) for item in value[:5])
    return f"{shown}, ..." if len(value) > 5 else shown


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
