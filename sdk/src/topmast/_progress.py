"""How far something is, and who gets to see it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ._reading import whole


@dataclass(frozen=True)
class Progress:
    """How far a job or a download is; what is not known is None. Bytes are bytes.

    `activity` is what goes on: the job's phase and step, or ``DOWNLOADING``.
    """

    activity: str = ""
    files_done: int | None = None
    files_total: int | None = None
    files_cached: int | None = None
    files_failed: int | None = None
    bytes_done: int | None = None
    bytes_total: int | None = None
    rows: int | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any], activity: str = "") -> Progress:
        """From the `progress` member of a job; unknown members are passed over."""
        names = ("files_done", "files_total", "files_cached", "files_failed", "bytes_done", "bytes_total", "rows")
        known = {name: whole(document.get(name)) for name in names}
        return cls(activity=activity, **known)

    @property
    def fraction(self) -> float | None:
        """Between 0 and 1: by bytes where they are known, else by files."""
        for done, total in ((self.bytes_done, self.bytes_total), (self.files_done, self.files_total)):
            if done is not None and total:
                return min(1.0, done / total)
        return None


ProgressOption = bool | Callable[[Progress], None] | None
Show = Callable[[Progress], None]


@contextmanager
def shown(option: ProgressOption, title: str) -> Iterator[Show]:
    """What to call with each Progress: the user's own callable, a bar, or nothing.

    None means a bar on a terminal and silence elsewhere; a bar needs the extra ``topmast[progress]`` and goes to
    standard error.
    """
    if callable(option):
        yield option
        return
    wanted = sys.stderr.isatty() if option is None else option
    bar = _bar(title) if wanted else None
    if bar is None:
        yield _nothing
        return
    try:
        yield lambda progress: _draw(bar, progress, often=sys.stderr.isatty())
    finally:
        bar.refresh()
        bar.close()


def _nothing(_progress: Progress) -> None:
    """Nobody looks."""


def _bar(title: str) -> Any | None:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    bar = tqdm(desc=title, unit="B", unit_scale=True, unit_divisor=1024, leave=True)
    bar.drawn_at, bar.drawn_stage = float("-inf"), None
    return bar


def _draw(bar: Any, progress: Progress, *, often: bool) -> None:
    """Show a moment; `often` on a terminal, else every few seconds, so that a log stays a log."""
    by_bytes = progress.bytes_total is not None
    done = progress.bytes_done if by_bytes else progress.files_done
    bar.unit = "B" if by_bytes else " files"
    bar.total = progress.bytes_total if by_bytes else progress.files_total
    bar.n = done or 0
    files = f"{progress.files_done or 0}/{progress.files_total}" if progress.files_total else ""
    bar.set_postfix_str(" ".join(part for part in (progress.activity, files) if part), refresh=False)
    now, stage = time.monotonic(), (progress.activity, bar.total, bool(bar.total) and bar.n >= bar.total)
    if stage != bar.drawn_stage or now - bar.drawn_at >= (0.1 if often else 5.0):
        bar.drawn_at, bar.drawn_stage = now, stage
        bar.refresh()
