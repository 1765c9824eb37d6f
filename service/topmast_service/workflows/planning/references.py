"""The CRDS reference files that the chosen calibrated products were made with, and the mappings that lead to them.

As the Portal's "Retrieve References": the ``R_`` keywords of each product are read, a few header blocks by Range.
Laid out as a CRDS cache (`domain.layout`), they answer a run of the pipeline under the same context without the
network, except for types that no keyword names (``pars-*``): these are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from topmast_service.domain import crds
from topmast_service.errors import MissingOnServer, NeedsMastToken, NotAuthorized, TransferFailed
from topmast_service.staging.fits import Cards
from topmast_service.store.listing import Listing
from topmast_service.workflows.planning.reading import Reading

CHOSEN = "excluded IS NULL AND extension = 'fits' AND calib_level >= 2 AND productType = 'SCIENCE'"
"""The calibrated products of a bundle."""

MADE_OF_CHOSEN = (
    "suffix IN ('cal', 'calints') AND extension = 'fits' AND exposure <> '' AND (exposure, detector) IN "
    "(SELECT exposure, detector FROM rows WHERE excluded IS NULL)"
)
"""What MAST made of a bundle's exposures: raw and count-rate files do not name the references of the steps to come."""

_AT_ONCE = 64
"""Headers under way at once at most, whatever the number of products."""


@dataclass
class References:
    """Adds reference files and mappings to a listing.

    Attributes
    ----------
    of
        Whose headers are read: `CHOSEN` or `MADE_OF_CHOSEN`.
    types
        Which reference types are wanted (small letters); empty: all.
    """

    listing: Listing
    reading: Reading
    of: str = CHOSEN
    types: frozenset[str] = frozenset()
    _unread: list[str] = field(default_factory=list)

    def add(self) -> dict[str, Any]:
        """Read the headers and add what they name.

        Returns
        -------
        dict
            ``{"contexts", "files", "mappings", "unread", "not_named"}``: the contexts recorded, how many files and
            mappings, products whose header could not be read, and types that the contexts know and no keyword names.
        """
        named: dict[str, str] = {}
        contexts: dict[str, set[str]] = {}
        for cards in self._headers():
            found = crds.references(cards)
            named |= {name: kind for kind, name in found.items()}
            if context := crds.context(cards):
                contexts.setdefault(context, set()).update(crds.instrument(name) for name in found.values())
        wanted = [name for name, kind in sorted(named.items()) if not self.types or kind in self.types]
        self._add((crds.uri(name), f"reference: {crds.type_of(name)}") for name in wanted)
        mappings = self._mappings(contexts)
        self._add((crds.uri(name), "mapping of the recorded context") for name in mappings)
        return {
            "contexts": sorted(contexts),
            "files": len(wanted),
            "mappings": len(mappings),
            "unread": len(self._unread),
            "not_named": crds.without_keyword((m for m in mappings if m.endswith(".rmap")), named.values()),
        }

    def _headers(self) -> Iterator[Cards]:
        uris = [row["dataURI"] for row in self.listing.rows(self.of)]
        with ThreadPoolExecutor(self.reading.connections, thread_name_prefix="headers") as pool:
            for start in range(0, len(uris), _AT_ONCE):
                yield from pool.map(self._header, uris[start : start + _AT_ONCE])

    def _header(self, uri: str) -> Cards:
        try:
            return self.reading.header(uri)
        except NeedsMastToken:
            raise
        except (NotAuthorized, MissingOnServer, TransferFailed):
            self._unread.append(uri)
            return {}

    def _mappings(self, contexts: dict[str, set[str]]) -> list[str]:
        """The contexts, and below them the mappings of the instruments concerned."""
        found: dict[str, None] = {}
        for context, instruments in sorted(contexts.items()):
            found[context] = None
            for imap in self._below(context, ".imap"):
                if crds.instrument(imap) in instruments:
                    found |= dict.fromkeys([imap, *self._below(imap, ".rmap")])
        return list(found)

    def _below(self, name: str, floor: str) -> list[str]:
        """The mappings of the next floor; a mapping also names itself, and the one it was derived from."""
        try:
            text = self.reading.whole(crds.uri(name)).decode("utf-8", "replace")
        except (MissingOnServer, TransferFailed):
            self._unread.append(name)
            return []
        return [below for below in crds.mappings(text) if below.endswith(floor)]

    def _add(self, files: Iterable[tuple[str, str]]) -> None:
        rows = (
            {
                "dataURI": uri,
                "productFilename": (name := uri.removeprefix(crds.SCHEME)),
                "obs_collection": "CRDS",
                "obs_id": crds.instrument(name),
                "productType": "REFERENCE",
                "productGroupDescription": "Reference Files",
                "productSubGroupDescription": crds.type_of(name).upper() or name.rpartition(".")[2].upper(),
                "description": why,
                "dataRights": "PUBLIC",
                "needed_for": why,
            }
            for uri, why in files
        )
        self.listing.add(rows, lambda _: False)
