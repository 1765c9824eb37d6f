"""One file gets other bytes under its name, as it happens while somebody is fetching it."""

from __future__ import annotations

from dataclasses import replace

from topmast_sandbox.catalogue.content import Contents, grown
from topmast_sandbox.catalogue.record import Record
from topmast_sandbox.catalogue.reprocess import History
from topmast_sandbox.clock import Clock

_FARTHEST = 400  # rows tried: a small image has dozens of them in one FITS block
_STEPS = {"longer": 1, "same": 0, "shorter": -1}


def rewrite(record: Record, how: str, *, history: History, contents: Contents, clock: Clock) -> None:
    """Give a file new bytes that are ``longer``, ``shorter`` or of the ``same`` length.

    Raises
    ------
    ValueError
        Such a file cannot be made of it: previews have the length that chance gives them.
    """
    before = history.revision(record)
    event = history.begin(clock.now(), before)
    size, rows = contents.size(record, before), grown(record, before)
    for step in range(1, _FARTHEST) if _STEPS[how] else (0,):
        rows_now = rows + step * _STEPS[how]
        after = replace(before, generation=before.generation + 1, grown=rows_now)
        if _wanted(contents.size(record, after) - size, how):
            history.rewrite(record, event, rows_now)
            return
    raise ValueError(f"{record.uri} cannot be made {how}")


def _wanted(difference: int, how: str) -> bool:
    return (difference > 0) - (difference < 0) == _STEPS[how]
