"""What MAST says of its columns, and how it is laid over what is shipped.

What is shipped was gone over by people and never gives way: MAST's own column configuration lacks columns that it can
be asked for, calls logical keywords ``char`` and spells units in many ways (mast-protocol §2.5, §14). So MAST adds
columns and fills what was left empty; it takes nothing away, and no known column becomes another type, since cells,
filters and finished tables are read by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from topmast_service.domain.columns import NOT_ASKED, Column
from topmast_service.domain.forms import FORMS, INSTRUMENTS, WAVEFRONT, Form, keyword_column, keywords

SHIPPED = datetime(2026, 11, 23, tzinfo=UTC)
"""When the shipped columns were gone over last."""

OBSERVATIONS, DICTIONARY = "observations", "dictionary"
SOURCES = (OBSERVATIONS, *INSTRUMENTS, WAVEFRONT, DICTIONARY)
"""Whom MAST is asked about: the columns of CAOM and of each keyword service, and the keyword dictionary."""

SOURCES_OF: Mapping[str, tuple[str, ...]] = {
    "observations": (OBSERVATIONS,),
    "instrument_keywords": tuple(INSTRUMENTS),
    "wavefront": (WAVEFRONT,),
}
"""Which of them describe a collection; the others' columns are topmast's own."""

NUMERIC = frozenset({"int", "float"})
OURS = frozenset({"access", "instrument"})
"""Names that mean something of ours in rows and forms, so that a column of MAST cannot have them."""

MOST_NAMED = 30
"""Names in one line of the log."""


@dataclass(frozen=True)
class Told:
    """What MAST says of one column or keyword; what it does not say is empty. `type` is one of our own words."""

    name: str
    type: str = ""
    unit: str = ""
    title: str = ""
    description: str = ""
    values: tuple[str, ...] = ()
    many: bool = False
    ucd: str = ""
    fits: str = ""


@dataclass(frozen=True)
class Answer:
    """What one source has told so far: `asked` last, and `as_of` when it said something (None: it never did)."""

    asked: datetime
    as_of: datetime | None = None
    told: Mapping[str, Told] = field(default_factory=dict)


Metadata = Mapping[str, Answer]
"""What all sources told, by the names in `SOURCES`."""


def renewed(before: Answer | None, told: Mapping[str, Told], now: datetime) -> Answer:
    """An answer with what was told now; what was told earlier and is not any more stays."""
    earlier = before or Answer(now)
    return Answer(now, now if told else earlier.as_of, {**earlier.told, **told})


def is_due(answer: Answer | None, now: datetime, age: float) -> bool:
    """Whether a source was not asked for `age` seconds; nor is one "asked in the future", when a clock went back."""
    return answer is None or abs((now - answer.asked).total_seconds()) > age


def told_of(known: Metadata, source: str) -> Mapping[str, Told]:
    """What one source has told; nothing if it never was asked."""
    return known[source].told if source in known else {}


def laid_over(form: Form, known: Metadata) -> Form:
    """`form` with what MAST says of its columns: new ones appear, empty units and descriptions are filled."""
    if form.name not in SOURCES_OF:
        return form
    columns, services = dict(form.columns), {name: list(found) for name, found in form.services.items()}
    dictionary = told_of(known, DICTIONARY)
    for source in SOURCES_OF[form.name]:
        for told in told_of(known, source).values():
            if told.name not in OURS | NOT_ASKED:
                columns[told.name] = _filled(columns.get(told.name) or _new(told, dictionary), told, dictionary)
                services.setdefault(told.name, []).append(source)
    ordered = {name: tuple(i for i in INSTRUMENTS if i in found) for name, found in services.items()}
    return replace(form, columns=columns, services=ordered if form.services else {})


def as_of(form: Form, known: Metadata) -> datetime | None:
    """When MAST said what the form says, the oldest of its sources; None while one of them never did."""
    sources = SOURCES_OF.get(form.name, ())
    said = [known[source].as_of if source in known else None for source in sources]
    return min((when for when in said if when), default=None) if all(said) else None


def columns_of(source: str, known: Metadata) -> dict[str, Column]:
    """The columns known of one source; none of the dictionary, which has keywords instead."""
    form = next((laid_over(FORMS[name], known) for name, sources in SOURCES_OF.items() if source in sources), None)
    if form is None:
        return {}
    return {n: column for n, column in form.columns.items() if not form.services or source in form.services.get(n, ())}


def changes(source: str, known: Metadata, told: Mapping[str, Told]) -> Iterator[str]:
    """What a source says otherwise than it was known, in lines for the log; the same is not said every day."""
    earlier = told_of(known, source)
    if source == DICTIONARY:
        yield from _listed(f"{source}: new keywords", told.keys() - earlier.keys())
        return
    before = columns_of(source, known)
    new = (f"{name} ({told[name].type or 'string'})" for name in told.keys() - before.keys() - OURS - NOT_ASKED)
    yield from _listed(f"{source}: new columns", new)
    differing = (n for n in told.keys() & before.keys() if told[n] != earlier.get(n))
    other = (n for n in differing if told[n].type and not _agree(before[n].type, told[n].type))
    said = (f"{name} ({told[name].type}, stays {before[name].type})" for name in other)
    yield from _listed(f"{source}: of another type by MAST", said)
    if told:
        yield from _listed(f"{source}: kept though MAST does not tell of them", before.keys() - told.keys() - OURS)


def _listed(what: str, names: Iterable[str]) -> Iterator[str]:
    """One line, if there is anything to say; of very many names the first."""
    if found := sorted(names):
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        yield f"{what}: {', '.join(found[:MOST_NAMED])}{more}"


def _agree(ours: str, theirs: str) -> bool:
    """Dates and logical keywords travel as text, whole numbers as numbers."""
    alike = ({"string", "date", "flag"}, NUMERIC, {"flag", "boolean"})
    return ours == theirs or any({ours, theirs} <= kinds for kinds in alike)


def _new(told: Told, dictionary: Mapping[str, Told]) -> Column:
    """A keyword that is known elsewhere is the same here."""
    if told.name in keywords():
        return keyword_column(told.name)
    logical = told.type in {"", "string"} and _word(told.name, dictionary).type == "boolean"
    return Column(told.name, "flag" if logical else told.type or "string", many=told.many)


def _filled(column: Column, told: Told, dictionary: Mapping[str, Told]) -> Column:
    word = _word(column.name, dictionary)
    unit = column.unit or ((told.unit or word.unit) if column.type in NUMERIC else "")
    says = column.description or word.title or word.description or told.description or told.title
    many = column.many or (told.many and column.type == "string")
    return replace(column, unit=unit, description=says, many=many, ucd=column.ucd or told.ucd)


def _word(name: str, dictionary: Mapping[str, Told]) -> Told:
    return dictionary.get(name.lower(), Told(name))


def first(*texts: str) -> str:
    """The first that says something."""
    return next((text for text in texts if text), "")


def merged(told: Sequence[Told]) -> Told:
    """One keyword that several groups of the dictionary describe: the first word counts, values are joined."""
    return Told(
        told[0].name,
        first(*(one.type for one in told)),
        first(*(one.unit for one in told)),
        first(*(one.title for one in told)),
        first(*(one.description for one in told)),
        tuple(dict.fromkeys(value for one in told for value in one.values)),
        any(one.many for one in told),
        first(*(one.ucd for one in told)),
        first(*(one.fits for one in told)),
    )
