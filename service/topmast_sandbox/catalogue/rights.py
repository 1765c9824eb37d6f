"""Who may see what, as a test states it over what the catalogue says: rights and release dates.

Every listing, keyword row and file of the catalogue asks here, so that all of them say the same at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from topmast_sandbox.catalogue.record import Record, Source
from topmast_sandbox.catalogue.reprocess import History

PUBLIC, EXCLUSIVE, RESTRICTED = "PUBLIC", "EXCLUSIVE_ACCESS", "RESTRICTED"
WORDS = (PUBLIC, EXCLUSIVE, RESTRICTED, None)
A_YEAR = 365.0

KEPT: Final = "kept"
Flag = str | None
Release = float | None


@dataclass(frozen=True)
class Said:
    """What was stated of a program or a file; what is `KEPT` was not.

    Rights alone move the date where it contradicts them, and a date alone decides the rights as time goes by. Both
    together are listed as stated, even when they contradict one another, as MAST's rows do for a while. Null rights
    are unknown ones, and without a date unless one is stated.
    """

    at: float
    flag: Flag = KEPT
    release: Release | Literal["kept"] = KEPT

    def over(self, flag: Flag, release: Release, now: float) -> tuple[Flag, Release]:
        """Rights and release date (MJD) in place of those that the catalogue says."""
        release = self._moved(release) if self.release == KEPT else self.release
        if self.flag in {None, RESTRICTED} or KEPT not in {self.flag, self.release}:
            return self.flag, release
        if self.flag == KEPT and flag == RESTRICTED:
            return flag, release
        return (EXCLUSIVE if release is not None and release > now else PUBLIC), release

    def _moved(self, release: Release) -> Release:
        if self.flag == PUBLIC and release is not None:
            return min(release, self.at)
        if self.flag == EXCLUSIVE and (release is None or release <= self.at):
            return self.at + A_YEAR
        return None if self.flag is None else release


class Rights:
    """What rows and files say about access, with what was stated since the sandbox started."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._said: dict[str, Said] = {}

    def state(self, subject: str, said: Said) -> None:
        """Let this hold for a program (its number), or for a file (the dataURI it was first archived under)."""
        self._said[subject] = said

    def forget(self) -> None:
        """Go back to what the catalogue says."""
        self._said.clear()

    def plane(self, source: Source, plane: Mapping[str, Any], now: float) -> dict[str, Any]:
        """A CAOM row as it reads today; planned rows are left alone."""
        row = self._history.plane(plane)
        row["dataRights"] = source.rights(row, now)
        said = self._said.get(str(row["proposal_id"]))
        if said and row["calib_level"] != -1:
            row["dataRights"], row["t_obs_release"] = said.over(row["dataRights"], row["t_obs_release"], now)
        return row

    def listed(self, record: Record, row: Mapping[str, Any], now: float) -> tuple[Flag, Release]:
        """What listings say of a file, `row` being today's row of its observation."""
        said = self._said.get(record.uri)
        told = row["dataRights"], row["t_obs_release"]
        return said.over(*told, now) if said else told

    def at_the_door(self, record: Record, row: Mapping[str, Any], now: float) -> tuple[Flag, Release]:
        """The same for its download; what only a table leaves blank is public there."""
        flag, release = self.listed(record, row, now)
        return flag if flag or self.spoken_of(record) else PUBLIC, release

    def spoken_of(self, record: Record) -> bool:
        """Whether anything was stated of a file or its program."""
        return record.uri in self._said or str(record.plane["proposal_id"]) in self._said
