"""The associations of the files in a listing, and their pools: only the newest generation counts, each is read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from topmast_service.domain import association, pool
from topmast_service.domain.association import Association
from topmast_service.domain.pool import Pooled
from topmast_service.errors import MissingOnServer, NeedsMastToken, NotAuthorized, TransferFailed, UnreadableAssociation
from topmast_service.store.listing import Listing
from topmast_service.workflows.planning.reading import Reading

Named = tuple[str, Association]
"""An association and the name of its file."""

_NOT_TO_BE_READ = (NotAuthorized, MissingOnServer, TransferFailed, UnreadableAssociation)


@dataclass
class Associations:
    """Reads associations as they are asked for.

    Attributes
    ----------
    unread
        What could not be read, and why: an exclusive one says nothing about its members.
    """

    listing: Listing
    reading: Reading
    unread: dict[str, str] = field(default_factory=dict)
    _read: dict[str, Association] = field(default_factory=dict)
    _pools: dict[str, tuple[Pooled, ...]] = field(default_factory=dict)

    def of(self, obs_id: str) -> list[Named]:
        """The current associations that are listed as an observation's own, as far as they can be read."""
        names = [row["productFilename"] for row in self.listing.rows("obs_id = ? AND suffix = 'asn'", obs_id)]
        current = sorted(association.newest(names))
        return [(name, found) for name in current if (found := self._association(name))]

    def pool_of(self, named: Named) -> tuple[Pooled, ...]:
        """The rows of the pool that an association was made from; none if it cannot be read."""
        name = named[1].pool
        if name and name not in self._pools:
            content = self._whole(name)
            self._pools[name] = self._parsed(name, content) if content else ()
        return self._pools.get(name, ())

    def warm(self) -> None:
        """Fetch the listed associations at once rather than one by one, where there are many."""
        rows = self.listing.rows("suffix = 'asn' AND productType = 'INFO'")
        self.reading.warm({row["dataURI"] for row in rows if row["productFilename"] not in self._read})

    def older(self) -> set[str]:
        """Names of listed associations that a later generation has taken the place of."""
        names = [row["productFilename"] for row in self.listing.rows("suffix = 'asn'")]
        return set(names) - association.newest(names)

    def every(self) -> Iterator[Named]:
        """All that have been read."""
        yield from self._read.items()

    def _association(self, name: str) -> Association | None:
        if name not in self._read and name not in self.unread:
            content = self._whole(name)
            if content:
                try:
                    self._read[name] = association.read(content)
                except UnreadableAssociation as error:
                    self.unread[name] = str(error)
        return self._read.get(name)

    def _whole(self, name: str) -> bytes:
        row = self.listing.named(name)
        uri: Any = row["dataURI"] if row else f"mast:JWST/product/{name}"
        try:
            return self.reading.whole(uri)
        except NeedsMastToken:
            raise  # its owner has one, which MAST does not accept any more: the bundle waits for another
        except _NOT_TO_BE_READ as error:
            self.unread[name] = str(error)
            return b""

    def _parsed(self, name: str, content: bytes) -> tuple[Pooled, ...]:
        try:
            return pool.read(content)
        except UnreadableAssociation as error:
            self.unread[name] = str(error)
            return ()
