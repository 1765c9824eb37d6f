"""Honest progress: what is done, how fast, and between when and when it will be done.

Numbers only ever grow. The end is told as a range, since both the speed so far and the speed just now are poor prophets
and their difference says how poor; nothing is told before something has moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

SMOOTHING = 0.3
"""Weight of the newest measurement in the recent rate."""

LONGEST = timedelta(days=30)


def begin(files: int, size: int, counts: Mapping[str, int]) -> dict[str, Any]:
    """The progress of a bundle whose files are known: `files` in all, `size` bytes by the catalogue's word."""
    return after({"files_total": files, "bytes_total": size}, counts, None, None)


def after(
    known: Mapping[str, Any], counts: Mapping[str, int], told: datetime | None, now: datetime | None
) -> dict[str, Any]:
    """The progress after `counts` (see `Slices.counts`), if `known` was told at `told`.

    Returns
    -------
    dict
        ``files_total files_done files_cached files_failed bytes_total bytes_done`` and, while bytes move, ``rate``
        (bytes/s just now), ``seconds`` and ``moved`` (since the first file), ``eta`` (two times, or None).
    """
    failed = counts.get("FAILED", 0) + counts.get("WITHHELD", 0)
    done = counts.get("bytes", 0) + counts.get("moving", 0)
    numbers = {
        "files_total": known["files_total"],
        "files_done": max(counts.get("OK", 0) + failed, known.get("files_done", 0)),
        "files_cached": counts.get("cached", 0),
        "files_failed": failed,
        "bytes_total": max(known["bytes_total"], done),
        "bytes_done": max(done, known.get("bytes_done", 0)),
    }
    return numbers | _speed(known, numbers, told, now)


def _speed(
    known: Mapping[str, Any], numbers: Mapping[str, Any], told: datetime | None, now: datetime | None
) -> dict[str, Any]:
    if told is None or now is None or now <= told:
        return {}
    newest = (numbers["bytes_done"] - known.get("bytes_done", 0)) / (now - told).total_seconds()
    rate = newest if "rate" not in known else SMOOTHING * newest + (1 - SMOOTHING) * known["rate"]
    seconds = known.get("seconds", 0.0) + (now - told).total_seconds()
    moved = known.get("moved", 0) + numbers["bytes_done"] - known.get("bytes_done", 0)
    left = numbers["bytes_total"] - numbers["bytes_done"]
    return {"rate": round(rate), "seconds": seconds, "moved": moved, "eta": _range(left, rate, moved / seconds, now)}


def _range(left: int, recent: float, mean: float, now: datetime) -> dict[str, str] | None:
    slow, fast = sorted((recent, mean))
    if slow <= 0:
        return None
    earliest, latest = (now + min(timedelta(seconds=left / speed), LONGEST) for speed in (fast, slow))
    return {"earliest": earliest.isoformat(), "latest": latest.isoformat()}
