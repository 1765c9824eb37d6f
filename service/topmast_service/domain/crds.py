"""Reference files: which ones a header names, which mappings lead to them, and what neither tells.

A calibrated file says in ``R_<TYPE>`` which reference files it was made with, in CRDS_CTX by which context they were
chosen (JDox, "Calibration References"). A context is three floors of mappings: pmap → imap of the instrument → rmap of
the type → file. A cache that has them answers a later run of the pipeline without the network, except for what has no
keyword: ``pars-*`` files, the parameters of the steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

SCHEME = "crds://"
_KEYWORD = re.compile(r"R_[A-Z0-9]{1,6}")
_REFERENCE = re.compile(r"crds://(jwst_[a-z]+_([a-z0-9-]+)_\d{4}\.(?:fits|asdf|json))")
_CONTEXT = re.compile(r"jwst_\d{4}\.pmap")
_MAPPING = re.compile(r"'(jwst_[a-z]+(?:_[a-z0-9-]+)?_\d{4}\.[ir]map)'")
_INSTRUMENT = re.compile(r"jwst_(nircam|niriss|nirspec|miri|fgs|system)_")


def references(cards: Mapping[str, str]) -> dict[str, str]:
    """The reference files of a primary header: type in small letters → file name; ``N/A`` is none.

    Examples
    --------
    >>> references({"R_FLAT": "crds://jwst_miri_flat_0786.fits", "R_DARK": "N/A"})
    {'flat': 'jwst_miri_flat_0786.fits'}
    """
    named = (_REFERENCE.fullmatch(text.lower()) for card, text in cards.items() if _KEYWORD.fullmatch(card))
    return {found[2]: found[1] for found in named if found}


def context(cards: Mapping[str, str]) -> str:
    """The context (``jwst_1464.pmap``) that a header records; empty if it records none."""
    found = _CONTEXT.fullmatch(cards.get("CRDS_CTX", "").lower())
    return found[0] if found else ""


def mappings(text: str) -> list[str]:
    """The mappings that a mapping leads to, each once."""
    return list(dict.fromkeys(_MAPPING.findall(text.lower())))


def instrument(name: str) -> str:
    """The instrument of a reference file or mapping, in small letters; empty for a pmap."""
    found = _INSTRUMENT.match(name)
    return found[1] if found else ""


def type_of(name: str) -> str:
    """The type of a reference file or rmap: ``jwst_miri_flat_0786.fits`` → ``flat``."""
    parts = name.partition(".")[0].split("_")
    return parts[2] if len(parts) == 4 else ""


def uri(name: str) -> str:
    """What the file is fetched by here."""
    return f"{SCHEME}{name}"


def without_keyword(rmaps: Iterable[str], types: Iterable[str]) -> list[str]:
    """The types that a context knows and no header names: a run of the pipeline may still want them from CRDS."""
    return sorted({type_of(name) for name in rmaps} - set(types) - {""})
