"""The keyword dictionary: every column that can be searched for, and what is known of it.

MAST's keyword information API tells most; where it does not, the column configuration; where that does not either,
what is shipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from topmast_service.domain import metadata
from topmast_service.domain.columns import Column
from topmast_service.domain.forms import FORMS, Form, keywords
from topmast_service.domain.metadata import DICTIONARY, SHIPPED, SOURCES_OF, Metadata, Told, first

KEYWORD_API, CONFIGURATION, SHIPPED_FACTS = "keyword_api", "column_configuration", "shipped"
_DASHED = {"date_obs": "DATE-OBS", "date_beg": "DATE-BEG", "date_end": "DATE-END"}


@dataclass(frozen=True)
class Occurrence:
    """A collection that has it, and in which of the instruments' services."""

    collection: str
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One keyword or column.

    Attributes
    ----------
    fits_keyword
        How FITS headers write it; None for columns of the archive's own.
    values
        What it may be, where that is known.
    occurs
        Where it can be searched for; empty: only headers have it.
    source
        Who told most of this: keyword_api, column_configuration or shipped; `as_of` is when.
    """

    name: str
    fits_keyword: str | None
    title: str
    description: str
    type: str
    unit: str
    values: tuple[str, ...]
    occurs: tuple[Occurrence, ...]
    source: str
    as_of: datetime


def entries(known: Metadata) -> dict[str, Entry]:
    """Every entry by its name."""
    forms = [metadata.laid_over(FORMS[name], known) for name in SOURCES_OF]
    columns: dict[str, list[tuple[Form, Column]]] = {}
    for form in forms:
        for column in form.columns.values():
            if column.name not in metadata.OURS:
                columns.setdefault(column.name, []).append((form, column))
    words = metadata.told_of(known, DICTIONARY)
    found = {name: _entry(name, having, known, words.get(name.lower())) for name, having in columns.items()}
    spelt = {name.lower() for name in found}
    return found | {word.name: _of_headers(word, known) for key, word in words.items() if key not in spelt}


def find(known: Iterable[Entry], question: str) -> list[tuple[int, Entry]]:
    """The entries that have every word of `question` in name, title or description, the nearest names first.

    Each comes with its rank: 0 the very name, 1 names that begin so, 2 in the name, 3 in the title, 4 elsewhere.
    """
    words = question.casefold().split()
    fitting = ((_rank(entry, words), entry) for entry in known)
    ranked = [(rank, entry) for rank, entry in fitting if rank is not None]
    return sorted(ranked, key=place)


def place(found: tuple[int, Entry]) -> tuple[int, str, str]:
    """By what the findings of `find` are in order."""
    rank, entry = found
    return rank, entry.name.lower(), entry.name


def _rank(entry: Entry, words: list[str]) -> int | None:
    name, title = entry.name.casefold(), entry.title.casefold()
    everything = f"{name} {(entry.fits_keyword or '').casefold()} {title} {entry.description.casefold()}"
    if not all(word in everything for word in words):
        return None
    text = " ".join(words)
    tests = (name == text, name.startswith(text), text in name, all(word in title for word in words))
    return next((rank for rank, holds in enumerate(tests) if holds), len(tests))


def _entry(name: str, having: list[tuple[Form, Column]], known: Metadata, word: Told | None) -> Entry:
    column = having[-1][1]  # a keyword's own meaning counts before that of CAOM's column of the same name
    configured = _configured(name, having, known)
    said = word or Told(name)
    title = first(said.title, configured.title, column.description)
    more = first(said.description, configured.description, column.description)
    source, when = _source(known, having, name, word)
    return Entry(
        name,
        _fits(name, said, having),
        title,
        ". ".join(t for t in (more if more != title else "", *_other_meanings(having, column)) if t),
        column.type,
        first(column.unit, said.unit),
        said.values or configured.values or tuple(keywords().get(name, {}).get("values", ())),
        tuple(Occurrence(form.name, form.services.get(name, ())) for form, _ in having),
        source,
        when,
    )


def _of_headers(word: Told, known: Metadata) -> Entry:
    """A keyword that the dictionary has and no collection."""
    fits = word.fits or None
    when = known[DICTIONARY].as_of or SHIPPED
    return Entry(
        word.name, fits, word.title, word.description, word.type, word.unit, word.values, (), KEYWORD_API, when
    )


def _configured(name: str, having: Iterable[tuple[Form, Column]], known: Metadata) -> Told:
    sources = (source for form, _ in having for source in SOURCES_OF[form.name])
    said = [told for source in sources if (told := metadata.told_of(known, source).get(name))]
    return metadata.merged(said) if said else Told(name)


def _source(
    known: Metadata, having: Iterable[tuple[Form, Column]], name: str, word: Told | None
) -> tuple[str, datetime]:
    """Who told it, and when; of several column configurations the oldest."""
    if word is not None:
        return KEYWORD_API, known[DICTIONARY].as_of or SHIPPED
    sources = {source for form, _ in having for source in SOURCES_OF[form.name]}
    when = [known[s].as_of for s in sources if name in metadata.told_of(known, s)]
    told = [moment for moment in when if moment]
    return (CONFIGURATION, min(told)) if told else (SHIPPED_FACTS, SHIPPED)


def _fits(name: str, said: Told, having: Iterable[tuple[Form, Column]]) -> str | None:
    """FITS keywords have eight characters; the archive's own columns are longer, or have capitals."""
    if said.fits:
        return said.fits
    of_headers = any(form.name == "instrument_keywords" for form, _ in having)
    return _DASHED.get(name, name.upper()) if of_headers and name.islower() and len(name) <= 8 else None


def _other_meanings(having: Iterable[tuple[Form, Column]], column: Column) -> Iterable[str]:
    return (
        f"In {form.name}: {other.description}"
        for form, other in having
        if other.description and other.description != column.description
    )
