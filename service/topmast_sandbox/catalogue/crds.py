"""Reference files: which one each file's ``R_`` cards name, and the CRDS mappings that lead there.

Names and the form of mappings are CRDS's (its user's guide, "Mapping syntax"; mappings in its repository): a context
(pmap) names a mapping per instrument (imap), that one per type (rmap), which names files by detector and date. What is
made up is which number belongs to what, the same everywhere: header cards, mappings and downloads agree.
Sandbox's guess: that every four-digit context exists, and by what each rmap matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha1
from typing import Any

from topmast_sandbox.catalogue import facts
from topmast_sandbox.catalogue.caom import hashed

KINDS = facts.words("references")
PARS = facts.words("pars")
USED = {k: v.split() for k, v in facts.load("vocabulary.toml")["used"].items()}
DETECTORS = {k: v.split() for k, v in facts.load("vocabulary.toml")["detectors"].items()}
NONE = "N/A"
_REFTYPES: dict[str, str] = facts.load("vocabulary.toml")["reftypes"]
_MODELS = facts.words("models")
_NAME = re.compile(
    r"^jwst(?:_(?P<instrument>[a-z]+)(?:_(?P<reftype>[a-z0-9-]+))?)?_(?P<number>\d{4})\.(?P<tier>[pir])map$"
)
_USE_AFTER = "2022-04-01 00:00:00"


def reftype(kind: str) -> str:
    """CRDS's name of a type: ``linearity`` for ``R_LINEAR``."""
    return _REFTYPES.get(kind, kind.lower())


def reference(instrument: str, kind: str, detector: str) -> str:
    """Reference file name of a detector: ``jwst_miri_flat_0786.fits``."""
    number = hashed(f"{instrument}{kind}{detector}", 900) + 10
    extension = "asdf" if kind in _MODELS or kind in PARS else "fits"
    return f"jwst_{instrument.lower()}_{reftype(kind)}_{number:04d}.{extension}"


def uri(instrument: str, kind: str, detector: str, context: str) -> str:
    """What an ``R_`` card says: ``crds://jwst_miri_flat_0786.fits`` or ``N/A``."""
    if kind not in USED.get(instrument, ()) or detector not in DETECTORS[instrument] or not context:
        return NONE
    return f"crds://{reference(instrument, kind, detector)}"


def references() -> Iterator[str]:
    """Every reference file there is."""
    for instrument, used in USED.items():
        for kind in [*used, *PARS]:
            yield from (name for name in _files(instrument, kind).values() if name != NONE)


def mapping(name: str) -> str | None:
    """Text of a CRDS mapping; None for a name that is no mapping of ours."""
    parts = _NAME.match(name)
    instrument = (parts["instrument"] or "").upper() if parts else ""
    if not parts or (instrument and instrument not in USED):
        return None
    match parts["tier"], bool(instrument), parts["reftype"]:
        case "p", False, None:
            return _pmap(name)
        case "i", True, None:
            return _imap(name, instrument)
        case "r", True, str(type_):
            return _rmap(name, instrument, type_)
    return None


def _pmap(name: str) -> str:
    lower = {i: _numbered(f"jwst_{i.lower()}", name, "imap") for i in USED}
    return _text(name, {"mapping": "PIPELINE", "parkey": ("META.INSTRUMENT.NAME",)}, f"{{\n{_lines(lower)}}}")


def _imap(name: str, instrument: str) -> str:
    lower = {
        reftype(k).upper(): _numbered(f"jwst_{instrument.lower()}_{reftype(k)}", name, "rmap")
        if k in USED[instrument] or k in PARS
        else NONE
        for k in [*KINDS, *PARS]
    }
    header = {"instrument": instrument, "mapping": "INSTRUMENT", "parkey": ("REFTYPE",)}
    return _text(name, header, f"{{\n{_lines(lower)}}}")


def _rmap(name: str, instrument: str, type_: str) -> str | None:
    kind = next((k for k in [*USED[instrument], *PARS] if reftype(k) == type_), None)
    if kind is None:
        return None
    files = _files(instrument, kind)
    chosen = "".join(f"    {key!r} : {_since(file)},\n" for key, file in sorted(files.items()))
    by = "META.EXPOSURE.TYPE" if kind in PARS else "META.INSTRUMENT.DETECTOR"
    header = {
        "classes": ("Match", "UseAfter"),
        "filekind": type_,
        "instrument": instrument,
        "mapping": "REFERENCE",
        "parkey": ((by,), ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")),
    }
    return _text(name, header, f"Match({{\n{chosen}}})")


def _files(instrument: str, kind: str) -> dict[str, str]:
    """What an rmap chooses: files by detector; parameters by exposure type, where they apply."""
    if kind not in PARS:
        return {detector: reference(instrument, kind, detector) for detector in DETECTORS[instrument]}
    modes = [m for m in facts.modes().values() if m.instrument == instrument]
    return {m.exp_type: reference(instrument, kind, m.exp_type) if _applies(kind, m) else NONE for m in modes}


def _applies(kind: str, mode: facts.Mode) -> bool:
    image = mode.product == "image"
    return not ("spec2" in kind if image else "image2" in kind or "tweakreg" in kind)


def _since(file: str) -> str:
    return repr(NONE) if file == NONE else f"UseAfter({{\n        {_USE_AFTER!r} : {file!r},\n    }})"


def _numbered(stem: str, above: str, tier: str) -> str:
    """A lower mapping's name; it has a count of its own, whatever names it."""
    return f"{stem}_{hashed(stem + above, 900) + 10:04d}.{tier}"


def _lines(lower: Mapping[str, str]) -> str:
    return "".join(f"    {key!r} : {value!r},\n" for key, value in sorted(lower.items()))


def _text(name: str, header: Mapping[str, Any], selector: str) -> str:
    """A mapping: its SHA-1 is that of all other lines."""
    number = re.sub(r"\d{4}", lambda n: f"{max(int(n[0]) - 1, 0):04d}", name)
    said = {"derived_from": number, "name": name, "observatory": "JWST", **header}
    lines = [f"    {key!r} : {value!r},\n" for key, value in sorted(said.items())]
    rest = f"}}\n\nselector = {selector}\n"
    digest = sha1("".join(["header = {\n", *lines, rest]).encode(), usedforsecurity=False).hexdigest()
    at = sum(line < "    'sha1sum'" for line in lines)
    return "".join(["header = {\n", *lines[:at], f"    'sha1sum' : {digest!r},\n", *lines[at:], rest])
