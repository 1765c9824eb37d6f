"""DOIs: how they are written, how data behind one are cited, and which observations its metadata name.

Sources: DOI Handbook (names do not depend on case, ``10.<registrant>/<suffix>``); DataCite Metadata Schema 4 and its
REST API for the members; JWST's file naming for the ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAST = "10.17909/"
"""What DOIs of MAST begin with."""

RESOLVER = "https://doi.org/"
MOST_CREATORS = 10
"""Names in a citation; then "et al."."""

_INTRODUCED = re.compile(r"(?:https?://(?:dx\.|www\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/[a-z0-9._;()/:<>+\[\]\-]{1,150}")
_JWST_ID = re.compile(
    r"jw\d{11}_[0-9a-z]{5}_\d{5}(?:-seg\d{3})?_[a-z0-9]+"
    r"|jw\d{5}-[aocr]\d{3,4}_(?:t\d{3}|[sbv]\d{5,9})(?:-epoch\d)?_[a-z0-9]+(?:_[a-z0-9][a-z0-9\-]*)?"
)
_HST_ID = re.compile(r"[ijlnouwxyz](?=[a-z0-9]*\d[a-z0-9]*\d)[a-z0-9]{8}")
"""IPPPSSOOT: only believed where it is the whole of a member, since words look like it."""

_PROGRAM = re.compile(
    r"\b(?:programs?|programmes?|proposals?|pids?)(?:\s+(?:ids?|numbers?))?[\s:#]*(\d{3,5}(?:(?:\s*,\s*|\s+and\s+|\s*&\s*)\d{3,5})*)\b"
    r"|\b(?:GO|GTO|ERS|DD|DDT|COM|CAL|SNAP)[\s\-#]?(\d{3,5})\b",
    re.IGNORECASE,
)
_HUBBLE, _WEBB = re.compile(r"\b(?:HST|Hubble)\b", re.IGNORECASE), re.compile(r"\b(?:JWST|Webb)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """What a DOI's metadata say about its observations.

    Attributes
    ----------
    ids
        Observation ids; where there are any, `programs` is empty.
    programs
        Numbers without leading zeros.
    mission
        Whose numbers they are: JWST unless only HST is spoken of.
    source
        Which members of DataCite's metadata say so; empty if none does.
    """

    ids: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    mission: str = "JWST"
    source: str = ""


def read(text: str) -> str:
    """A DOI as users write it, ``10.17909/…``, ``doi:10…`` or its address, in small letters and without either.

    Raises
    ------
    ValueError
        It is none, in words for the user.
    """
    doi = _INTRODUCED.sub("", text.strip(), count=1).lower()
    # A segment of dots would lead the request to another address than the DOI's.
    if not _DOI.fullmatch(doi) or {".", ".."} & set(doi.split("/")):
        raise ValueError(f"{text!r} is no DOI: write 10.17909/abcd-ef12")
    return doi


def citation(metadata: Mapping[str, Any]) -> str:
    """How to cite the data behind a DOI, in the order that DataCite recommends: who, when, what, where."""
    who = creators(metadata)
    names = "; ".join(who[:MOST_CREATORS]) + (" et al." if len(who) > MOST_CREATORS else "")
    year = f" ({metadata['publicationYear']})" if metadata.get("publicationYear") else ""
    head = f"{names}{year}" if names else f"Anonymous{year}"
    parts = (head, title(metadata), kind(metadata) and f"[{kind(metadata)}]", publisher(metadata))
    said = ". ".join(part.rstrip(". ") for part in parts if part)
    return f"{said}. {RESOLVER}{metadata['doi']}"


def creators(metadata: Mapping[str, Any]) -> list[str]:
    """Names of the creators, in their order."""
    return [str(c["name"]) for c in _objects(metadata, "creators") if c.get("name")]


def title(metadata: Mapping[str, Any]) -> str:
    """The first title."""
    return next((str(t["title"]) for t in _objects(metadata, "titles") if t.get("title")), "")


def kind(metadata: Mapping[str, Any]) -> str:
    """What it is, mostly ``Dataset``."""
    return str((metadata.get("types") or {}).get("resourceTypeGeneral") or "")


def publisher(metadata: Mapping[str, Any]) -> str:
    """Who published it: text, and an object since DataCite's schema 4.5."""
    told = metadata.get("publisher")
    return str(told.get("name") or "") if isinstance(told, Mapping) else str(told or "")


def named(metadata: Mapping[str, Any]) -> Named:
    """The observations that the metadata list by id, else the programs that they name."""
    members = {name: list(_texts(metadata, name, key)) for name, key in _MEMBERS}
    listed = {name: list(_ids(texts)) for name, texts in members.items()}
    if any(listed.values()):
        return Named(_unique(listed.values()), source=_source(listed))
    numbers = {name: list(_programs(texts)) for name, texts in members.items()}
    if not any(numbers.values()):
        return Named()
    every = " ".join(text for texts in (*members.values(), [title(metadata)]) for text in texts)
    mission = "HST" if _HUBBLE.search(every) and not _WEBB.search(every) else "JWST"
    return Named(programs=_unique(numbers.values()), mission=mission, source=_source(numbers))


_MEMBERS = (
    ("relatedIdentifiers", "relatedIdentifier"),
    ("alternateIdentifiers", "alternateIdentifier"),
    ("subjects", "subject"),
    ("descriptions", "description"),
)


def _ids(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        small = text.strip().lower()
        yield from [small] if _HST_ID.fullmatch(small) else _JWST_ID.findall(small)


def _programs(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for found in _PROGRAM.finditer(text):
            yield from (number.lstrip("0") or "0" for number in re.findall(r"\d+", found[1] or found[2]))


def _texts(metadata: Mapping[str, Any], name: str, key: str) -> Iterator[str]:
    return (str(entry[key]) for entry in _objects(metadata, name) if entry.get(key))


def _objects(metadata: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    entries = metadata.get(name)
    return [e for e in entries if isinstance(e, Mapping)] if isinstance(entries, list) else []


def _unique(found: Iterable[list[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for texts in found for text in texts))


def _source(found: Mapping[str, list[str]]) -> str:
    return f"DataCite {', '.join(name for name, texts in found.items() if texts)}"
