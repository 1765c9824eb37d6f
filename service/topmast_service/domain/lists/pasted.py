"""What was understood of a pasted list, and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from topmast_service.domain import product

Kind = Literal[
    "names", "uris", "urls", "observations", "mixed", "script", "manifest_html", "manifest_csv", "manifest_json",
    "subscription",
]  # fmt: skip
"""What a list looked like. A plain list is called by what it holds, and `mixed` if that is more than one thing."""

Form = Literal["name", "uri", "url", "observation"]

LONGEST_TEXT = 200


class Meant(NamedTuple):
    """What one reference stands for: a file by its dataURI, or an observation by its obs_id or obsid."""

    form: Form
    name: str


class Entry(NamedTuple):
    """One thing that a list names, where it does so, and as it stood; `meant` is None if it was not understood."""

    line: int
    text: str
    meant: Meant | None
    event_type: str = ""
    fileset: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """One file of a list.

    Attributes
    ----------
    uri
        Its dataURI, the mission written as MAST writes it.
    line
        Where it stood first, from 1.
    event_types
        Of a subscription: New, First, Reprocessed, Public. A file may be new and public at once.
    fileset
        Of a subscription: the file set, MAST's Dataset ID.
    """

    uri: str
    line: int
    event_types: tuple[str, ...] = ()
    fileset: str = ""

    @property
    def filename(self) -> str:
        """The last part of the dataURI."""
        return product.filename(self.uri)


class Repeat(NamedTuple):
    """A file or observation that was named again; `first` is the line where it stood before."""

    line: int
    name: str
    first: int


class NotUnderstood(NamedTuple):
    """What could not be read, why, and what may have been meant."""

    line: int
    text: str
    reason: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pasted:
    """A list as it was understood: each file and observation once, in the list's order.

    Attributes
    ----------
    duplicates, not_understood
        The first hundred; `repeated` and `unread` are how many there were.
    """

    kind: Kind
    files: tuple[Named, ...] = ()
    observations: tuple[str, ...] = ()
    duplicates: tuple[Repeat, ...] = ()
    repeated: int = 0
    not_understood: tuple[NotUnderstood, ...] = ()
    unread: int = 0

    @property
    def uris(self) -> tuple[str, ...]:
        """The dataURIs of the files."""
        return tuple(file.uri for file in self.files)
