"""Association files (``_asn.json``): which files the pipeline takes to make a product, and as what.

After "JWST Associations" (documentation of the calibration pipeline) and a real file of program 2609. Every
reprocessing makes all associations of a program anew, so a listing can hold several generations of each;
`newest` tells which count. Names inside are never trusted: they become paths.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topmast_service.domain import filename_grammar as grammar
from topmast_service.errors import UnreadableAssociation

LARGEST = 16 * 1024 * 1024
"""Bytes of an association; real ones have 1.4 to 51 kB."""
MOST_MEMBERS = 100_000

SCIENCE = "science"

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,254}")
_CANDIDATE = re.compile(r"\(\s*'([a-z0-9]+)'\s*,\s*'([\w /-]+)'\s*\)")
_STAGES = {"2": 2, "3": 3}

Candidates = tuple[tuple[str, str], ...]
"""``(("o001", "observation"), ("c1001", "background"))``, in small letters."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file that a product is made of.

    `exptype` says as what: science, background, imprint, psf, target_acquisition, sourcecat, segmap, direct_image,
    pre-image …; `exposerr` what was wrong with the exposure, None for nothing.
    """

    expname: str
    exptype: str
    exposerr: str | None = None
    candidates: Candidates = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A product of an association. `name` is no file: source-based ones say ``{source_id}`` in it."""

    name: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Association:
    """What an association says. `candidate` is its asn_id; `pool` the pool of its generation; `version` the
    stamp of that generation.

    Texts that are not there are empty.
    """

    type: str
    rule: str
    candidate: str
    program: str
    pool: str
    version: str
    products: tuple[Made, ...]

    @property
    def stage(self) -> int:
        """2 (makes cal of rate) or 3 (combines cal), by its type: ``tso-spec2``, ``coron3``."""
        return _STAGES[self.type[-1]]

    def members(self) -> tuple[Member, ...]:
        """Each file once; one that is science for any product is science."""
        found: dict[str, Member] = {}
        for member in (m for product in self.products for m in product.members):
            if member.expname not in found or member.exptype == SCIENCE:
                found[member.expname] = member
        return tuple(found.values())


def read(content: bytes | str) -> Association:
    """Read an association.

    Raises
    ------
    UnreadableAssociation
        It is none, is too large, or names something that is no plain file name.
    """
    told = _document(content)
    kind = _text(told, "asn_type").lower()
    if kind[-1:] not in _STAGES:
        raise UnreadableAssociation(f"asn_type {kind[:40]!r} is of neither stage 2 nor stage 3.")
    products = tuple(_product(p) for p in _list(told, "products"))
    if sum(len(p.members) for p in products) > MOST_MEMBERS:
        raise UnreadableAssociation(f"It has more than {MOST_MEMBERS} members.")
    return Association(
        type=kind,
        rule=_text(told, "asn_rule"),
        candidate=_text(told, "asn_id").lower(),
        program=_text(told, "program").lstrip("0"),
        pool=plain(pool) if (pool := _text(told, "asn_pool")) else "",
        version=_text(told, "version_id").lower(),
        products=products,
    )


def candidates(text: str | None) -> Candidates:
    """Association candidates as pools and members write them: ``[('o001', 'OBSERVATION')]``, a Python literal.

    Raises
    ------
    UnreadableAssociation
        It is written in another way.
    """
    told = (text or "").strip().lower()
    if told in {"", "null", "none"}:
        return ()
    if _CANDIDATE.sub("", told).strip("[] ,"):
        raise UnreadableAssociation(f"{told[:80]!r} is no list of association candidates.")
    return tuple((id_, kind) for id_, kind in _CANDIDATE.findall(told))


def plain(name: str) -> str:
    """The name, if it is the name of a file and nothing else.

    Raises
    ------
    UnreadableAssociation
        It has a folder, a control character, or more than 255 characters in it.
    """
    if not _PLAIN.fullmatch(name):
        raise UnreadableAssociation(f"{name[:80]!r} is no plain file name.")
    return name


@dataclass(frozen=True, slots=True)
class Generation:
    """What an association's file name says. `made` is the stamp of its generation; later ones sort behind."""

    program: str
    candidate: str
    type: str
    number: int
    made: str

    @property
    def association(self) -> tuple[str, str, str]:
        """What stays from one generation to the next; numbers need not."""
        return self.program, self.candidate, self.type


def generation(filename: str) -> Generation | None:
    """The generation of an association's file; None for any other name.

    Examples
    --------
    >>> generation("jw01558-o001_20250911t184340_image3_00003_asn.json")
    Generation(program='1558', candidate='o001', type='image3', number=3, made='20250911t184340')
    """
    stem, _, extension = filename.lower().rpartition(".")
    found = grammar.READ["association"].fullmatch(stem) if extension in grammar.EXTENSIONS["association"] else None
    if not found:
        return None
    program = found["program"].lstrip("0") or "0"
    return Generation(program, found["association"], found["type"], int(found["number"]), found["made"])


def newest(filenames: Iterable[str]) -> frozenset[str]:
    """The association files that belong to the newest generation of theirs; other names are left out.

    Examples
    --------
    >>> sorted(newest(["jw01558-o001_20240101t000000_image3_00001_asn.json",
    ...                "jw01558-o001_20250911t184340_image3_00003_asn.json"]))
    ['jw01558-o001_20250911t184340_image3_00003_asn.json']
    """
    read_ = {name: made for name in filenames if (made := generation(name))}
    last: dict[tuple[str, str, str], str] = {}
    for made in read_.values():
        last[made.association] = max(made.made, last.get(made.association, ""))
    return frozenset(name for name, made in read_.items() if made.made == last[made.association])


def _document(content: bytes | str) -> Mapping[str, Any]:
    if len(content) > LARGEST:
        raise UnreadableAssociation(f"It has more than {LARGEST} bytes.")
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        raise UnreadableAssociation("It is no JSON.") from None
    return _object(told, "It")


def _object(told: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise UnreadableAssociation(f"{what} is no JSON object.")
    return told


def _product(told: Any) -> Made:
    product = _object(told, "A product")
    return Made(_text(product, "name"), tuple(_member(m) for m in _list(product, "members")))


def _member(told: Any) -> Member:
    member = _object(told, "A member")
    return Member(
        expname=plain(_text(member, "expname")),
        exptype=_text(member, "exptype").lower(),
        exposerr=None if _text(member, "exposerr").lower() in {"", "null", "none"} else _text(member, "exposerr"),
        candidates=candidates(_text(member, "asn_candidate")),
    )


def _list(told: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = told.get(key)
    if not isinstance(value, list):
        raise UnreadableAssociation(f"{key} is no list.")
    return value


def _text(told: Mapping[str, Any], key: str) -> str:
    """A text, or a number as a text; empty where there is none."""
    value = told.get(key)
    if isinstance(value, dict | list):
        raise UnreadableAssociation(f"{key} is no text.")
    return "" if value is None else str(value)
