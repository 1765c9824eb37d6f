"""What comes along with the chosen products, and from where: their listing, other observations', or by name alone.

An association may name files of another observation (its dedicated background, the star whose PSF is subtracted). That
observation is then listed too, so that sizes and rights are known; what MAST lists nowhere is asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from topmast_service.domain import lineage
from topmast_service.errors import MissingOnServer, NeedsMastToken, NotAuthorized
from topmast_service.store.listing import Listing
from topmast_service.workflows import named_files
from topmast_service.workflows.planning.parents import Needed
from topmast_service.workflows.planning.reading import Reading

COMPANION = "companion"
"""Why a file is left out that came only with an observation which an association names, and is not needed itself."""

NEVER = frozenset({"guide_star", "excluded_name", "foreign_uri"})
"""Left out for these reasons, a file does not come along either: that was said in so many words."""

PRODUCT = "mast:JWST/product/"
MOST_ASKED = 500
"""Files by name that MAST is asked about one by one while planning; of more, the transfer finds out."""


class Kin(Protocol):
    """Parents or Start."""

    def begin(self, names: list[str]) -> Needed:
        """What is needed for the chosen products as a whole."""

    def of(self, name: str) -> Needed:
        """What is needed for one file that is in the bundle."""


@dataclass
class Along:
    """Marks in the listing what is needed.

    Attributes
    ----------
    list_companions
        Adds the products of observations (program, observation) to the listing, left out as `COMPANION`.
    absent
        Names that associations say and MAST does not have.
    """

    listing: Listing
    reading: Reading
    list_companions: Callable[[set[tuple[str, str]]], None]
    absent: set[str] = field(default_factory=set)
    _unlisted: dict[str, str] = field(default_factory=dict)

    def bring(self, kin: Kin, chosen: list[str]) -> None:
        """Follow the kin of the chosen files until nothing new turns up; observations that turn up begin it anew."""
        listed: set[tuple[str, str]] = set()
        while True:
            self._walk(kin, chosen)
            found = {where for name in self._unlisted if (where := lineage.observation_of(name))} - listed
            if not found:
                break
            self.list_companions(found)
            listed |= found
        self._add_by_name()

    def _walk(self, kin: Kin, chosen: list[str]) -> None:
        self._unlisted, seen, waiting = {}, set(chosen), list(chosen)
        waiting += self._take(kin.begin(chosen), seen)
        while waiting:
            self.reading.check()
            waiting += self._take(kin.of(waiting.pop()), seen)

    def _take(self, needed: Needed, seen: set[str]) -> list[str]:
        """Mark what is needed; returns what is to be followed: listed, and not seen before (kin may go in circles)."""
        new = []
        for name, why in needed:
            row = self.listing.named(name)
            if row is None:
                self._unlisted.setdefault(name, why)
            elif row["excluded"] not in NEVER:
                self.listing.need(row["_row"], why)
                new += [name] if name not in seen else []
                seen.add(name)
        return new

    def _add_by_name(self) -> None:
        for number, (name, why) in enumerate(sorted(self._unlisted.items())):
            row = named_files.of_uri(PRODUCT + name) | {"size": self._size(name) if number < MOST_ASKED else None}
            self.listing.add([row | {"needed_for": why}], lambda _: False)

    def _size(self, name: str) -> int | None:
        try:
            return self.reading.size(PRODUCT + name)
        except NeedsMastToken:
            raise
        except NotAuthorized:
            return None
        except MissingOnServer:
            self.absent.add(name)
            return None
