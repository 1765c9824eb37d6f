"""What a file name says: JWST's own names in full, those that MAST keeps beside them as far as they go.

After JDox "JWST File-Naming Conventions" and "Data Product Types", CRDS "Naming", and the MAST archive manuals on
engineering and wavefront data. The suffix, between the last ``_`` and the extension, names the content; what stands
before it names the exposure, or the association and what was made of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from topmast_service.domain import filename_grammar as grammar
from topmast_service.domain.columns import nearest
from topmast_service.domain.suffixes import SUFFIXES, Suffix
from topmast_service.errors import UnknownFilename

LONGEST = 255
"""What a file system takes."""

_PROGRAM = re.compile(r"jw(\d{5})")


@dataclass(frozen=True)
class FileName:
    """What a name says; None, or empty, where it says nothing.

    `base`: exposure, source (of a target or a source, stage 3), visit, association, pool, guide star, msa,
    engineering, wavefront, reference or other. `level` is CAOM's. `details` holds what only one base has.
    """

    name: str
    mission: str
    base: str
    obs_id: str | None = None
    program: str | None = None
    observation: int | None = None
    visit: int | None = None
    visit_group: int | None = None
    parallel_sequence: int | None = None
    activity: str | None = None
    exposure: int | None = None
    segment: int | None = None
    detector: str | None = None
    instrument: str | None = None
    association: str | None = None
    association_kind: str | None = None
    target: int | None = None
    source: str | None = None
    source_kind: str | None = None
    epoch: int | None = None
    optical_elements: tuple[str, ...] = ()
    subarray: str | None = None
    suffix: str | None = None
    content: str | None = None
    stage: int | None = None
    level: int | None = None
    dms_level: str | None = None
    planned: bool = False
    preview: bool = False
    thumbnail: bool = False
    extension: str | None = None
    details: dict[str, str] = field(default_factory=dict)


class Recognised(NamedTuple):
    """Which rule a name follows, and its parts in small letters, before anything is made of them."""

    mission: str
    base: str
    parts: dict[str, str | None]
    extension: str
    thumbnail: bool


def recognised(name: str) -> Recognised | None:
    """The rule that a name follows; None if none, without looking for what it may have been meant to be.

    Some microseconds: lists of 100,000 names are looked through with it.
    """
    stem, dot, extension = name.lower().rpartition(".")
    stem, extension = (stem, extension) if dot else (extension, "")
    whole = stem.removesuffix("_thumb")
    for base, pattern in grammar.READ.items():
        if extension in grammar.EXTENSIONS[base] and (found := pattern.fullmatch(whole)):
            return Recognised("JWST", base, found.groupdict(), extension, whole != stem)
    for mission, pattern in grammar.OTHERS.items():
        if found := pattern.fullmatch(whole):
            return Recognised(mission, "other", found.groupdict(), extension, whole != stem)
    return None


def explain(name: str) -> FileName:
    """Everything that a file's name says; stems without an extension (`obs_id`, file sets) too.

    Raises
    ------
    UnknownFilename
        It is none that MAST gives to JWST's files; with what of it was understood.

    Examples
    --------
    >>> said = explain("jw02733-o001_t001_nircam_clear-f090w_i2d.fits")
    >>> said.program, said.association_kind, said.optical_elements, said.content, said.level
    ('2733', 'observation', ('clear', 'f090w'), 'resampled image', 3)
    """
    found = recognised(name)
    if found is None:
        raise _unknown(name)
    if found.mission == "JWST":
        said = _said(name, found.base, found.parts, found.extension)
    else:
        facts: dict[str, Any] = found.parts
        said = FileName(name, found.mission, "other", extension=found.extension or None, **facts)
    return replace(said, preview=found.extension in grammar.PICTURES, thumbnail=found.thumbnail)


LENGTH = len("jw01234")
"""Characters of a file's name that `program_of` needs."""


def program_of(name: str) -> str | None:
    """The program of a JWST file, by how its name begins; None for other names.

    Examples
    --------
    >>> program_of("jw02733-o001_t001_nircam_clear-f090w_i2d.fits"), program_of("jw01558"), program_of("hst_1_i2d.fits")
    ('2733', '1558', None)
    """
    found = _PROGRAM.match(name.lower())
    return found[1].lstrip("0") or "0" if found else None


def meaning(name: str) -> str:
    """What the file holds, in a few words; empty for a name that says nothing to us.

    Examples
    --------
    >>> meaning("jw02733-o001_t001_nircam_clear-f090w_i2d.fits")
    'resampled image'
    >>> meaning("jw01558001001_gs-acq1_2022190112233_uncal.fits")
    'guide star: acquisition, first (raw ramps, uncalibrated)'
    >>> meaning("jw01558001001_02101_00001_mirimage_uncal_thumb.jpg")
    'thumbnail: raw ramps, uncalibrated'
    """
    try:
        said = explain(name)
    except UnknownFilename:
        return ""
    content = said.content or ""
    if said.thumbnail or said.preview:
        kind = "thumbnail" if said.thumbnail else "preview"
        return f"{kind}: {content}" if content else kind
    return content


def _said(name: str, base: str, groups: dict[str, str | None], extension: str) -> FileName:
    given = {key: value for key, value in groups.items() if value is not None}
    facts: dict[str, Any] = {key: int(given[key]) for key in grammar.WHOLE if key in given}
    facts |= {key: given[key] for key in grammar.AS_IT_IS if key in given}
    facts["details"] = {key: given[key] for key in grammar.DETAILS if key in given}
    if "program" in given:
        facts["program"] = given["program"].lstrip("0") or "0"
    if "association" in given:
        facts["association_kind"] = grammar.KINDS[given["association"][0]]
    if "source_kind" in given:
        facts["source_kind"] = grammar.SOURCES[given["source_kind"]]
    said = FileName(name, "JWST", base, extension=extension or None, **facts)
    return _FINISH.get(base, _plain)(_with_content(_with_instrument(said)), given)


def _with_instrument(said: FileName) -> FileName:
    if said.detector:
        return replace(said, instrument=grammar.OF_DETECTORS[said.detector[:3]])
    return replace(said, instrument=said.instrument.upper() if said.instrument else None)


def _with_content(said: FileName) -> FileName:
    """The suffix explained. `wfscmb-02` ends in its activity; a suffix that is new to us is kept, unexplained."""
    suffix = said.suffix or ""
    activity = None
    if (
        suffix not in SUFFIXES
        and (found := re.fullmatch(r"([a-z0-9]+)-([0-9a-z]{2})", suffix))
        and found[1] in SUFFIXES
    ):
        suffix, activity = found.groups()
    facts = SUFFIXES.get(suffix, Suffix("", None, None, None))
    if said.base == "source":
        facts = facts.of_source()
    return replace(
        said, suffix=suffix or None, activity=said.activity or activity, content=facts.content or None,
        stage=facts.stage, level=facts.level, dms_level=facts.dms,
    )  # fmt: skip


def _plain(said: FileName, given: dict[str, str]) -> FileName:
    return said


def _exposure(said: FileName, given: dict[str, str]) -> FileName:
    stem = said.name.lower().split(f"_{said.suffix}")[0] if said.suffix else said.name.lower().partition(".")[0]
    obs_id = re.sub(rf"_{said.association}$", "", stem) if said.association else stem
    return replace(said, obs_id=obs_id if said.detector else None)  # a segment is an observation of its own


def _planned(said: FileName, given: dict[str, str]) -> FileName:
    return replace(said, base="exposure", planned=True, obs_id=said.name.lower(), level=-1)


def _source(said: FileName, given: dict[str, str]) -> FileName:
    elements = given.get("elements", "").split("-") if "elements" in given else []
    known = [e for e in elements if grammar.ELEMENT.fullmatch(e)]
    rest = "-".join(e for e in elements if not grammar.ELEMENT.fullmatch(e))
    stem = f"_{given['elements']}" if "elements" in given else ""
    obs_id = said.name.lower().partition(f"_{given['instrument']}")[0] + f"_{given['instrument']}{stem}"
    return replace(said, optical_elements=tuple(known), subarray=rest or None, obs_id=obs_id)


def _guide_star(said: FileName, given: dict[str, str]) -> FileName:
    """Guide-star files have no stage; raw and stream are CAOM's level 1, calibrated 2."""
    step = f"guide star: {grammar.GUIDE_STAR_STEPS[given['step']]}"
    content = f"{step} ({said.content})" if said.content else step
    return replace(said, content=content, instrument="FGS", stage=None, dms_level=None)


def _engineering(said: FileName, given: dict[str, str]) -> FileName:
    times = {key: given[key].upper() for key in ("mnemonic", "start", "end")}
    return replace(said, content=f"telemetry of {times['mnemonic']}", details=times)


def _wavefront(said: FileName, given: dict[str, str]) -> FileName:
    details = {**said.details, "correction": given["correction"].upper(), "aperture": given["aperture"].upper()}
    return replace(said, content="optical path difference of the telescope", details=details)


def _reference(said: FileName, given: dict[str, str]) -> FileName:
    kind = "mapping" if (said.extension or "").endswith("map") else "file"
    of = " ".join(filter(None, [said.instrument, given.get("type")]))
    return replace(said, content=f"CRDS reference {kind}{': ' + of if of else ''}")


_FINISH: dict[str, Callable[[FileName, dict[str, str]], FileName]] = {
    "exposure": _exposure, "planned": _planned, "source": _source, "guide star": _guide_star,
    "engineering": _engineering, "wavefront": _wavefront, "reference": _reference,
}  # fmt: skip


def _unknown(name: str) -> UnknownFilename:
    """The error for a name that cannot be read, with what of it could."""
    stem, dot, extension = name.lower().rpartition(".")
    stem = (stem if dot else extension).removesuffix("_thumb")
    understood: list[str] = []
    rest = stem
    if found := re.match(rf"{grammar.VISIT}|jw(?P<alone>\d{{5}})(?:-(?P<association>{grammar.CANDIDATE}))?", stem):
        parts: dict[str, Any] = found.groupdict()
        understood.append(f"program {int(parts['program'] or parts['alone'])}")
        understood += [f"{key} {int(parts[key])}" for key in ("observation", "visit") if parts[key]]
        understood += [f"association {parts['association']}"] if parts["association"] else []
        rest = stem[found.end() :]
    suffix = stem.rpartition("_")[2]
    if suffix in SUFFIXES:
        understood.append(f"{suffix}: {SUFFIXES[suffix].content}")
    detail = f"Understood: {', '.join(understood)}; but not {rest!r}." if understood else "Nothing of it is understood."
    near = nearest(suffix, SUFFIXES) if suffix not in SUFFIXES and understood else []
    at = {"pointer": "name", "detail": detail, "suggestions": near}
    return UnknownFilename(f"{name[:LONGEST]!r} is no name of a JWST file. {detail}", errors=[at])
