"""One file as the archive knows it, before the sandbox's clock and reprocessings are applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from topmast_sandbox.catalogue.executed import Derived, Exposure, Visit
from topmast_sandbox.catalogue.expansion import Plan
from topmast_sandbox.catalogue.items import Item


@dataclass(frozen=True, slots=True)
class Record:
    """A file with the observation that owns it.

    Attributes
    ----------
    uri
        dataURI under which it was first archived; bytes are keyed by it, whatever the file is called later.
    plane
        CAOM row of the owner; guide-star files have that of the first exposure of their visit.
    owner, plan
        What the facts say of it; None for other missions and for catalogues read from CSV.
    size
        Listed size in bytes where a CSV states it; None where the size follows from the content.
    stated
        The product row as a CSV states it, whose cells come back unchanged.
    """

    uri: str
    item: Item
    plane: Mapping[str, object]
    owner: Exposure | Derived | Visit | None = None
    plan: Plan | None = None
    size: int | None = None
    stated: Mapping[str, object] | None = None

    @property
    def filename(self) -> str:
        """File name as first archived."""
        return self.item.filename

    @property
    def exposure(self) -> Exposure | None:
        """The exposure that tells how the data were taken: the owner's own, or its first member's."""
        if isinstance(self.owner, Exposure):
            return self.owner
        if isinstance(self.owner, Derived):
            return self.owner.members[0]
        return None


class Listed(NamedTuple):
    """A line of a listing: the file, and the observation under which it is listed.

    The two differ for guide-star files, which MAST repeats under every exposure of their visit.
    """

    record: Record
    plane: Mapping[str, object]


class Source(Protocol):
    """Where a catalogue's rows come from: the facts, or tables."""

    def planes(self) -> Sequence[Mapping[str, object]]:
        """CAOM rows that a search finds, as first archived."""

    def rights(self, plane: Mapping[str, object], now: float) -> str | None:
        """dataRights of an observation at a time (MJD)."""

    def listing(self, obsid: int) -> Iterator[Listed]:
        """Products of an observation and of its members; nothing for an unknown obsid."""

    def count(self, obsid: int) -> int:
        """Length of that listing, without expanding it."""

    def record(self, uri: str) -> Record | None:
        """A file by the dataURI under which it was first archived."""

    def records(self, program: int | None = None) -> Iterator[Record]:
        """Every file once, of all programs or of one."""
