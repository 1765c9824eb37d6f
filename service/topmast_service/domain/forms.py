"""What can be searched: one form for each collection, by the names that the Portal's pull-down gives them.

A form says what a search of its collection may ask. The columns are shipped with the code; what MAST says of them
today is laid over (`store.columns`), so that a column that MAST adds can be asked for at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from topmast_service.domain.columns import NOT_ASKED, OBSERVATION, Column
from topmast_service.errors import Invalid

INSTRUMENTS: Mapping[str, str] = {
    "nircam": "NIRCam", "niriss": "NIRISS", "nirspec": "NIRSpec", "miri": "MIRI", "fgs": "FGS",
    "guidestar": "Guide stars",
}  # fmt: skip
"""The instrument-keyword services, as users call them in the column ``instrument``."""

WAVEFRONT = "wss"


@dataclass(frozen=True)
class Form:
    """What one collection can be asked.

    Attributes
    ----------
    columns
        Those that a criterion may name.
    target
        Whether it takes a place on the sky.
    expands
        What ``expand`` may turn the rows into.
    needs
        Columns that must have a criterion.
    choices
        Columns whose criteria choose from a few names (in small letters); they alone find nothing.
    intervals
        Columns of time that take a day, a moment, or both ends of a range; they alone find nothing either.
    key
        The column that names a row, by which two runs of a search are compared; empty: they cannot be.
    examples
        Requests as they are sent.
    services
        In which of MAST's services (keys of `INSTRUMENTS`) a column occurs; empty where there is only one.
    """

    name: str
    title: str
    about: str
    columns: Mapping[str, Column]
    target: bool = False
    expands: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    intervals: tuple[str, ...] = ()
    key: str = ""
    examples: tuple[Mapping[str, Any], ...] = ()
    services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_OPERATORS = {
    "string": ("value", "wildcard", "list", "not", "null"),
    "int": ("value", "list", "range", "not", "null"),
    "float": ("value", "list", "range", "not", "null"),
    "boolean": ("value", "list", "not", "null"),
    "flag": ("value", "list", "not", "null"),
    "date": ("value", "range", "not", "null"),
}
OPERATORS = tuple(dict.fromkeys(shape for shapes in _OPERATORS.values() for shape in shapes))
"""The shapes of a criterion (http.md)."""


def operators(form: Form, column: Column) -> tuple[str, ...]:
    """Which shapes of a criterion a column takes: names needed or chosen are whole, an interval has ends."""
    if column.name in form.intervals:
        return ("value", "range")
    if column.name in form.needs:
        return ("value", "list")
    return ("value", "list", "not") if column.name in form.choices else _OPERATORS[column.type]


@cache
def keywords() -> dict[str, dict[str, Any]]:
    """What is shipped of the keyword services' columns: type, unit, what it says, values, and in which it occurs."""
    text = resources.files("topmast_service.domain").joinpath("keywords.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def keyword_column(name: str) -> Column:
    """The column that a keyword of `keywords` is."""
    told = keywords()[name]
    return Column(name, told["type"], told.get("unit", ""), told.get("says", ""), ucd=told.get("ucd", ""))


@cache
def keyword_columns(service: str) -> dict[str, Column]:
    """The columns of one keyword service, in MAST's order: a key of `INSTRUMENTS`, or `WAVEFRONT`."""
    return {name: keyword_column(name) for name, told in keywords().items() if service in told["in"]}


def _columns(*columns: Column) -> dict[str, Column]:
    return {c.name: c for c in columns}


def _of_instruments() -> dict[str, Column]:
    every: dict[str, Column] = _columns(
        Column("instrument", description=f"Which services to ask, all by default: {', '.join(INSTRUMENTS)}")
    )
    for service in INSTRUMENTS:
        every |= {name: column for name, column in keyword_columns(service).items() if name not in every}
    return every


def _instruments(services: list[str]) -> tuple[str, ...]:
    return tuple(name for name in INSTRUMENTS if name in services)


OBSERVATIONS = Form(
    "observations",
    "MAST observations by object name, position or any CAOM column",
    "All missions' observations (CAOM). A target with a radius, criteria, or both. Planned observations have "
    "calib_level -1. Moving targets have no position: ask for target_name, with mtFlag true.",
    {name: column for name, column in OBSERVATION.items() if name not in NOT_ASKED},
    target=True,
    key="obsid",
    examples=(
        {"collection": "observations", "target": "m57 r=1m"},
        {
            "collection": "observations",
            "criteria": {"obs_collection": "JWST", "instrument_name": "MIRI*", "target_name": "NGC6720*"},
        },
    ),
)
PROGRAMS = Form(
    "programs",
    "JWST and HST programs by number",
    "One row for each program, with its targets (spelling variants together) and what has been executed; with "
    "expand=exposures one row for each exposure: the program's log.",
    _columns(
        Column("program", description="Program numbers, with or without leading zeros: 1409, 01409, 12496"),
        Column("obs_collection", description="JWST, HST or both; numbers may mean a program in each"),
    ),
    expands=("exposures",),
    needs=("program",),
    choices={"obs_collection": ("jwst", "hst")},
    key="program_key",
    examples=(
        {"collection": "programs", "criteria": {"program": ["1558", "2733"]}},
        {"collection": "programs", "criteria": {"program": "1558"}, "expand": "exposures"},
    ),
)
INSTRUMENT_KEYWORDS = Form(
    "instrument_keywords",
    "JWST files by the keywords of their FITS headers",
    "NIRCam, NIRISS, NIRSpec, MIRI, FGS and guide stars, several in one search. MAST matches only FITS files of the "
    "highest level made: use expand=observations for whole observations with all their products.",
    _of_instruments(),
    expands=("observations",),
    choices={"instrument": tuple(INSTRUMENTS)},
    key="dataURI",
    services={name: found for name, told in keywords().items() if (found := _instruments(told["in"]))},
    examples=(
        {
            "collection": "instrument_keywords",
            "criteria": {"instrument": "nirspec", "category": ["COM", "ERS"], "tsovisit": True},
        },
    ),
)
WAVEFRONT_FORM = Form(
    "wavefront",
    "JWST wavefront sensing: OPD maps",
    "The products of wavefront sensing and control, by date and aperture.",
    keyword_columns(WAVEFRONT),
    key="dataURI",
    examples=({"collection": "wavefront", "criteria": {"ap_type": "OPD", "date_obs": {"min": "2022-07-01"}}},),
)
ENGINEERING = Form(
    "engineering",
    "JWST engineering telemetry",
    "Mnemonics by name or by words; with a time, their samples. The samples before and after the interval come along "
    "and are marked. Samples need your MAST token.",
    _columns(
        Column("mnemonic", description="Names, * as wildcard: SA_ZATTEST1, IMIR_HK_*"),
        Column("description", description="Words, * as wildcard, that the mnemonic's description must have"),
        Column("subsystem", description="Subsystem of the spacecraft"),
        Column("time", "date", description="The interval of the samples, UTC; without it mnemonics are listed"),
    ),
    intervals=("time",),
    key="",
    examples=(
        {"collection": "engineering", "criteria": {"mnemonic": "IMIR_HK_*"}},
        {
            "collection": "engineering",
            "criteria": {
                "mnemonic": "SA_ZADUCMDX",
                "time": {"min": "2022-07-01T00:00:00Z", "max": "2022-07-01T03:00:00Z"},
            },
        },
    ),
)
DOIS = Form(
    "dois",
    "MAST DOIs",
    "A DOI's metadata and citation, from DataCite; its observations where a source lists them.",
    _columns(Column("doi", description="10.17909/…, as it is or as an address")),
    expands=("observations",),
    needs=("doi",),
    key="doi",
    examples=({"collection": "dois", "criteria": {"doi": "10.17909/abcd-ef12"}},),
)

FORMS: Mapping[str, Form] = {
    form.name: form for form in (OBSERVATIONS, PROGRAMS, INSTRUMENT_KEYWORDS, WAVEFRONT_FORM, ENGINEERING, DOIS)
}
"""Every collection that a search may name."""


def of(name: str) -> Form:
    """The shipped form of a collection.

    Raises
    ------
    Invalid
        There is no such collection.
    """
    if name not in FORMS:
        at = {"pointer": "/collection", "detail": f"There is no collection {name!r}.", "suggestions": list(FORMS)}
        raise Invalid(f"There is no collection {name!r}.", errors=[at])
    return FORMS[name]
