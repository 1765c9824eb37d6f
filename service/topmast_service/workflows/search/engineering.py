"""Engineering data: mnemonics by name, words or subsystem; with a time, their samples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from topmast_service.archive import engineering
from topmast_service.domain.columns import Column
from topmast_service.domain.criteria import Criterion
from topmast_service.errors import Invalid, UnknownMnemonic
from topmast_service.workflows.search.asking import Asking, Collection, Found
from topmast_service.workflows.search.samples import Samples, not_known

Row = Mapping[str, Any]

MOST = 50
"""Mnemonics whose samples one search gives."""

MNEMONIC = (
    Column("subsystem", description="Subsystem of the spacecraft"),
    Column("tlmMnemonic", description="Name, as `mnemonic` takes it", ucd="meta.id"),
    Column("tlmIdentifier", "int", description="Number in the telemetry database"),
    Column("description", description="What is measured"),
    Column("sqlDataType", description="Type of the values: real, int, varchar …"),
    Column("unit", description="Unit of the values"),
)
SAMPLE = (
    Column("mnemonic", description="Whose value it is", ucd="meta.id"),
    Column("theTime", "date", description="When, UTC", ucd="time.epoch"),
    Column("MJD", "float", "d", "When, UTC", ucd="time.epoch"),
    Column("euvalue", "float", description="The value in engineering units; null where it is a text"),
    Column("eutext", description="The value where it is a text"),
    Column("sqldataType", description="Type of the value in MAST's database"),
    Column("bracket", description="before, after: the samples next to the interval, beyond its ends; null: within it"),
)


def find(asking: Asking) -> Found:
    """The mnemonics that fit, or their samples.

    Raises
    ------
    UnknownMnemonic
        Samples are asked for, and MAST knows none of the names; says the nearest.
    Invalid
        Samples of more than `MOST` mnemonics are asked for.
    NeedsMastToken
        Samples are asked for, and the owner has stored no token that MAST accepts.
    """
    listed = list(engineering.mnemonics(asking.portal))
    found = [row for row in listed if all(_fits(c, row) for c in asking.search.criteria)]
    unknown = _unknown(asking, listed)
    if not found and asking.search.criterion("description"):
        asking.notes.append("Words of a description must be whole ones: temp* finds temperature, temp does not.")
    if asking.search.criterion("time") is None:
        asking.notes += unknown
        return Found(MNEMONIC, found, engineering.MNEMONICS)
    if unknown and not found:
        raise UnknownMnemonic(" ".join(unknown))
    asking.notes += unknown
    return _samples(asking, found, [str(row["tlmMnemonic"]) for row in listed])


def _samples(asking: Asking, found: Sequence[Row], known: Sequence[str]) -> Found:
    if len(found) > MOST:
        raise Invalid(
            f"These criteria choose {len(found)} mnemonics; one search gives the samples of {MOST} at most.",
            hint="Look at them first without `time`, then name those that are needed.",
        )
    asking.upstream.tokens.get(asking.owner)  # before anything long: without one it is not worth beginning
    units = {str(row.get("unit") or "") for row in found}
    unit = units.pop() if len(units) == 1 else ""
    columns = [replace(c, unit=unit) if c.name == "euvalue" else c for c in SAMPLE]
    return Found(columns, Samples(asking, found, known).rows(), engineering.SAMPLES)


COLLECTION = Collection(find)


def _fits(criterion: Criterion, row: Row) -> bool:
    match criterion.column.name:
        case "mnemonic":
            return criterion.passes(row.get("tlmMnemonic"))
        case "subsystem":
            return criterion.passes(row.get("subsystem"))
        case "description":
            return _describes(criterion, str(row.get("description") or ""))
    return True


def _describes(criterion: Criterion, text: str) -> bool:
    """Whether a description has all words of one of the values, in any order; criteria on words are no equalities."""
    words = _words(text)
    if criterion.null:
        return (not words) != criterion.negated
    asked = (*criterion.exact, *criterion.patterns)
    found = any(all(any(fnmatchcase(w, a) for w in words) for a in _words(value)) for value in asked)
    return found != criterion.negated


def _words(text: str) -> list[str]:
    return re.findall(r"[\w*+-]+", text.lower())


def _unknown(asking: Asking, listed: Iterable[Row]) -> list[str]:
    """What to say of names that MAST does not know."""
    wanted = asking.search.criterion("mnemonic")
    if wanted is None or wanted.negated:
        return []
    known = {str(row["tlmMnemonic"]).upper() for row in listed}
    return [not_known(name, known) for name in wanted.exact if name.upper() not in known]
