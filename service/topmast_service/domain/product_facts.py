"""What the name of a product says of it, for filters of listings: MAST's product rows tell none of these.

`domain.filename` explains one name in full; here 250,000 are looked at, so only what filters ask for is read, in some
three microseconds each. A test holds both to the same answers.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from topmast_service.domain import filename
from topmast_service.domain.suffixes import SUFFIXES

_EXPOSURE = re.compile(
    r"jw(\d{5})(\d{3})(\d{3})_(?:(\d{3}[0-9a-z]{2}_\d{5})(?:-seg(\d{3}))?_([a-z0-9]+)_|gs-[a-z0-9]+_\d+(?:-seg(\d{3}))?)?"
)
"""Files of an exposure; or of a visit: guide stars, micro-shutters."""

_COMBINED = re.compile(r"jw(\d{5})(?:-(?:o(\d{3,4})|[acr]\d{3,4}))?_(?:[a-z0-9-]+_(nircam|niriss|nirspec|miri|fgs)_)?")
_INSTRUMENTS = {"nrc": "nircam", "nis": "niriss", "nrs": "nirspec", "mir": "miri", "gui": "fgs"}
_PACKED = frozenset({"gz", "bz2", "zip"})
_WITHOUT_SUFFIX = frozenset({"engineering", "wavefront", "reference"})


class NameFacts(NamedTuple):
    """What a name says; None where it says nothing. Text is in small letters.

    Attributes
    ----------
    extension
        ``fits``, ``json``, ``jpg``; ``fits.gz``.
    suffix
        ``uncal``, ``i2d``, ``asn``; of a thumbnail, that of what it shows.
    program
        Without leading zeros, as CAOM's ``proposal_id``.
    observation, visit
        ``007``, as in names; the visit's number in it. Association candidates of several observations have neither.
    detector, segment
        ``nrcalong``; EXSEGNUM.
    exposure
        The file set: ``jw08527002001_03101_00001``.
    instrument
        A key of `domain.forms.INSTRUMENTS`.
    """

    extension: str | None = None
    suffix: str | None = None
    program: str | None = None
    observation: str | None = None
    visit: int | None = None
    detector: str | None = None
    segment: int | None = None
    exposure: str | None = None
    instrument: str | None = None


def of_name(name: str) -> NameFacts:
    """What the name of a file says.

    Examples
    --------
    >>> facts = of_name("jw01366004001_04101_00001-seg003_nrs1_uncal.fits")
    >>> facts.suffix, facts.observation, facts.visit, facts.detector, facts.segment, facts.exposure
    ('uncal', '004', 1, 'nrs1', 3, 'jw01366004001_04101_00001')
    >>> of_name("jw02733-o001_t001_nircam_clear-f090w_i2d.jpg")[:4]
    ('jpg', 'i2d', '2733', '001')
    """
    lower = name.lower()
    stem, dot, extension = lower.rpartition(".")
    if extension in _PACKED and "." in stem:
        stem, _, inner = stem.rpartition(".")
        extension = f"{inner}.{extension}"
    if not dot:
        stem, extension = lower, ""
    if found := _EXPOSURE.match(lower):
        return _of_exposure(found, extension or None, _suffix(stem))
    if found := _COMBINED.match(lower):
        program, observation, instrument = found.groups()
        return NameFacts(
            extension or None, _suffix(stem), program.lstrip("0") or "0", observation, instrument=instrument
        )
    return NameFacts(extension or None, _of_others(lower, stem))


NAMED = ("extension", "suffix", "observation", "visit", "detector", "segment", "exposure")
"""The columns of a product (`domain.product`) that its file's name tells."""


def cells(name: str) -> dict[str, Any]:
    """What the name of a file says, as cells of a product, in the order of `NAMED`; a visit has eleven digits there."""
    facts = of_name(name)
    visit = None if facts.visit is None else f"{int(facts.program or 0):05}{facts.observation}{facts.visit:03}"
    told = (facts.extension or "", facts.suffix or "", facts.observation, visit)
    return dict(zip(NAMED, (*told, facts.detector, facts.segment, facts.exposure), strict=True))


def _of_exposure(found: re.Match[str], extension: str | None, suffix: str | None) -> NameFacts:
    program, observation, visit, exposure, segment, detector, guided = found.groups()
    number = segment or guided
    return NameFacts(
        extension,
        suffix,
        program.lstrip("0") or "0",
        observation,
        int(visit),
        detector,
        int(number) if number else None,
        f"jw{program}{observation}{visit}_{exposure}" if exposure else None,
        _INSTRUMENTS.get(detector[:3]) if detector else None,
    )


def _suffix(stem: str) -> str | None:
    """The last part; ``stacked-uncal`` of guide stars and ``wfscmb-02`` of wavefront sensing have more in it."""
    last = stem.removesuffix("_thumb").rpartition("_")[2]
    if last in SUFFIXES or "-" not in last:
        return last or None
    head, _, tail = last.rpartition("-")
    return head if head in SUFFIXES else tail if tail in SUFFIXES else last


def _of_others(lower: str, stem: str) -> str | None:
    """The suffix of other names than those that begin with a program."""
    known = filename.recognised(lower)
    if "_" not in stem or (known and known.base in _WITHOUT_SUFFIX):
        return None
    return str(known.parts["suffix"]) if known and known.parts.get("suffix") else _suffix(stem)
